import cluster, { type Cluster } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';

/**
 * Metrics of several workers on one port. A worker that is scraped returns the sum over all
 * workers:
 *
 *   scrape -> worker --request--> primary --(prom-client)--> all workers
 *             worker <--response-- primary <-- their metrics, added up
 *
 * `serveClusterMetrics` is the primary's part, `metricsReader` the worker's.
 */
export function serveClusterMetrics(primary: Cluster): void {
  const all = new AggregatorRegistry();
  primary.on('message', (worker, message: unknown) => {
    if (!isRequest(message)) return;
    const respond = (text: string | null): void => {
      if (worker.isConnected()) worker.send({ type: responseType, id: message.id, text });
    };
    all.clusterMetrics().then(respond, () => respond(null));
  });
}

/**
 * Returns the function that reads the metrics as text: of all workers in a worker, else of this
 * process.
 */
export function metricsReader(registry: Registry): () => Promise<string> {
  return cluster.isWorker ? clusterMetricsReader(registry) : () => registry.metrics();
}

/** Falls back to this worker's own metrics if the primary does not respond in time. */
function clusterMetricsReader(registry: Registry): () => Promise<string> {
  AggregatorRegistry.setRegistries([registry]);
  void new AggregatorRegistry(); // its constructor listens for the primary's requests
  let lastId = 0;
  return async () => {
    const id = (lastId += 1);
    const text = await new Promise<string | null>((resolve) => {
      const onMessage = (message: unknown): void => {
        if (isResponse(message) && message.id === id) settle(message.text);
      };
      const settle = (found: string | null): void => {
        clearTimeout(timer);
        process.off('message', onMessage);
        resolve(found);
      };
      const timer = setTimeout(settle, responseTimeoutMs, null);
      process.on('message', onMessage);
      process.send?.({ type: requestType, id });
    });
    return text ?? registry.metrics();
  };
}

interface MetricsResponse {
  readonly id: number;
  readonly text: string | null;
}

function isRequest(message: unknown): message is { readonly id: number } {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === requestType;
}

function isResponse(message: unknown): message is MetricsResponse {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === responseType;
}

const requestType = 'tidings:metrics';
const responseType = 'tidings:metrics-of-all';
/** Longer than the 5 s that prom-client waits for workers. */
const responseTimeoutMs = 6000;
