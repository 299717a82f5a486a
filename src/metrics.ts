import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** Every metric, named and described once. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    emitted: new Counter({
      name: 'tidings_events_emitted_total',
      help: 'Events that clients emitted, by what became of them: created, duplicate or rejected.',
      labelNames: ['status'] as const,
      registers,
    }),
    throughDoors: new Counter({
      name: 'tidings_door_events_total',
      help: 'Events that came in through doors beside GraphQL, by door and by what became of them: created, duplicate or rejected.',
      labelNames: ['door', 'status'] as const,
      registers,
    }),
    quarantined: new Counter({
      name: 'tidings_quarantined_events_total',
      help: 'Refused events that were kept, since their sender learns nothing of it, by the reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'tidings_append_duration_seconds',
      help: 'Time from a valid batch to its durable answer.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    head: new Gauge({
      name: 'tidings_log_head',
      help: 'The last place of the log that this process has followed.',
      aggregator: 'max',
      registers,
    }),
    digested: new Gauge({
      name: 'tidings_log_digested',
      help: 'The place of the log up to which this process has made digests; reads look at what lies behind one by one.',
      aggregator: 'max',
      registers,
    }),
    subscriptions: new Gauge({ name: 'tidings_subscriptions', help: 'Event subscriptions that are open.', registers }),
    filters: new Gauge({
      name: 'tidings_live_filters',
      help: 'Distinct filters of subscriptions, by how an event finds them: exact, loose (under a beginning), unfiled (checked one by one).',
      labelNames: ['filed'] as const,
      registers,
    }),
    delivered: new Counter({ name: 'tidings_events_delivered_total', help: 'Events handed to subscriptions.', registers }),
    encoded: new Counter({
      name: 'tidings_live_results_encoded_total',
      help: 'Results of subscriptions that were executed and encoded, each for all that share it.',
      registers,
    }),
    sockets: new Gauge({ name: 'tidings_websockets', help: 'WebSockets that are open.', registers }),
    failures: new Counter({
      name: 'tidings_unexpected_errors_total',
      help: 'Errors that no caller should see: each is a bug, and was logged.',
      registers,
    }),
  };
}
