import type { Cluster } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';

/**
 * Metrics of several workers on one port: whichever is asked answers for all. The worker asks the process above it, which
 * asks every worker (prom-client does) and adds up.
 */
export function serveClusterMetrics(cluster: Cluster): void {
  const all = new AggregatorRegistry();
  cluster.on('message', (worker, message: unknown) => {
    if (!isRequest(message)) return;
    const respond = (text: string | null): void => {
      if (worker.isConnected()) worker.send({ type: responseType, id: message.id, text });
    };
    all.clusterMetrics().then(respond, () => respond(null));
  });
}

/** The metrics of all workers, as text, asked for in one of them. Its own when the others cannot be had. */
export function readClusterMetrics(registry: Registry): () => Promise<string> {
  AggregatorRegistry.setRegistries([registry]);
  void new AggregatorRegistry(); // listens for the question
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
const responseTimeoutMs = 6000;
