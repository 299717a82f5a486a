import type { Cluster } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';

/**
 * Metrics of several workers on one port: whichever is asked answers for all. The worker asks the process above it, which
 * asks every worker (prom-client does) and adds up.
 */
export function answerMetrics(cluster: Cluster): void {
  const all = new AggregatorRegistry();
  cluster.on('message', (worker, message: unknown) => {
    if (!isRequest(message)) return;
    const answer = (text: string | null): void => {
      if (worker.isConnected()) worker.send({ type: answerType, id: message.id, text });
    };
    all.clusterMetrics().then(answer, () => answer(null));
  });
}

/** The metrics of all workers, as text, asked for in one of them. Its own when the others cannot be had. */
export function readMetricsOfAll(registry: Registry): () => Promise<string> {
  AggregatorRegistry.setRegistries([registry]);
  void new AggregatorRegistry(); // listens for the question
  let asked = 0;
  return async () => {
    const id = (asked += 1);
    const text = await new Promise<string | null>((resolve) => {
      const take = (message: unknown): void => {
        if (isAnswer(message) && message.id === id) settle(message.text);
      };
      const settle = (found: string | null): void => {
        clearTimeout(timer);
        process.off('message', take);
        resolve(found);
      };
      const timer = setTimeout(settle, longestMs, null);
      process.on('message', take);
      process.send?.({ type: requestType, id });
    });
    return text ?? registry.metrics();
  };
}

interface Answer {
  readonly id: number;
  readonly text: string | null;
}

function isRequest(message: unknown): message is { readonly id: number } {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === requestType;
}

function isAnswer(message: unknown): message is Answer {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === answerType;
}

const requestType = 'tidings:metrics';
const answerType = 'tidings:metrics-of-all';
const longestMs = 6000;
