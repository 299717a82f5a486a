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
    adapterEvents: new Counter({
      name: 'tidings_adapter_events_total',
      help: 'Events that came in through doors beside GraphQL, by door and by what became of them: created, duplicate or rejected.',
      labelNames: ['protocol', 'status'] as const,
      registers,
    }),
    rejectedEventsStored: new Counter({
      name: 'tidings_rejected_events_stored_total',
      help: 'Refused events that were kept, since their sender learns nothing of it, by the reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'tidings_append_duration_seconds',
      help: 'Time from a valid batch to its durable answer.',
      buckets: latencyBuckets,
      registers,
    }),
    commitQueueEvents: new Gauge({
      name: 'tidings_commit_queue_events',
      help: 'Valid events that wait for their turn to be stored.',
      registers,
    }),
    commitQueueBytes: new Gauge({
      name: 'tidings_commit_queue_bytes',
      help: 'Bytes of the events that wait for their turn to be stored.',
      registers,
    }),
    problems: new Counter({
      name: 'tidings_event_problems_total',
      help: 'What was wrong with events that were rejected, by code; an event may have several.',
      labelNames: ['code'] as const,
      registers,
    }),
    rejectedRequests: new Counter({
      name: 'tidings_rejected_requests_total',
      help: 'Requests and operations that were refused, whole or in part, by the code of the error; SYNTAX and VALIDATION for wrong GraphQL, FRAME for broken WebSocket frames.',
      labelNames: ['reason'] as const,
      registers,
    }),
    operationSeconds: new Histogram({
      name: 'tidings_operation_duration_seconds',
      help: 'Time to execute a GraphQL query or mutation, on any transport.',
      labelNames: ['operation'] as const,
      buckets: latencyBuckets,
      registers,
    }),
    databaseErrors: new Counter({
      name: 'tidings_database_errors_total',
      help: 'Statements that failed: unreachable, timeout (given up after TIDINGS_STATEMENT_TIMEOUT_MS), or other.',
      labelNames: ['kind'] as const,
      registers,
    }),
    logLag: new Histogram({
      name: 'tidings_log_lag_seconds',
      help: 'Time from when an event was received, by the database, until this process handed it to its subscriptions.',
      buckets: latencyBuckets,
      registers,
    }),
    head: new Gauge({
      name: 'tidings_log_head',
      help: 'The last place of the log that this process has followed.',
      aggregator: 'max',
      registers,
    }),
    indexPosition: new Gauge({
      name: 'tidings_index_position',
      help: 'The place of the log up to which this process has made digests; reads look at what lies behind one by one.',
      aggregator: 'max',
      registers,
    }),
    indexLagEvents: new Gauge({
      name: 'tidings_index_lag_events',
      help: 'Places behind the last digest. Reads look at them one by one; beyond 65,536, or 8,192 of the embedded database, emitting is slowed down.',
      aggregator: 'max',
      registers,
    }),
    subscriptions: new Gauge({ name: 'tidings_subscriptions', help: 'Event subscriptions that are open.', registers }),
    subscriptionFilters: new Gauge({
      name: 'tidings_subscription_filters',
      help: 'Distinct filters of subscriptions, by how an event finds them: exact, loose (under a beginning), unfiled (checked one by one).',
      labelNames: ['index'] as const,
      registers,
    }),
    delivered: new Counter({ name: 'tidings_events_delivered_total', help: 'Events handed to subscriptions.', registers }),
    encoded: new Counter({
      name: 'tidings_subscription_results_encoded_total',
      help: 'Results of subscriptions that were executed and encoded, each for all that share it.',
      registers,
    }),
    sockets: new Gauge({ name: 'tidings_websockets', help: 'WebSockets that are open.', registers }),
    streams: new Gauge({ name: 'tidings_streams', help: 'Requests for streams over HTTP (SSE) that are open.', registers }),
    slowConsumers: new Gauge({
      name: 'tidings_slow_consumers',
      help: 'WebSockets for which events wait until their network takes more.',
      registers,
    }),
    bytes: new Counter({
      name: 'tidings_network_bytes_total',
      help: 'Bytes on the connections of clients, by direction: in or out.',
      labelNames: ['direction'] as const,
      registers,
    }),
    failures: new Counter({
      name: 'tidings_unexpected_errors_total',
      help: 'Errors that no caller should see: each is a bug, and was logged.',
      registers,
    }),
  };
}

const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Lets a metric be brought up to date whenever the metrics are read. */
export function onCollect(metric: Gauge | Counter, update: () => void): void {
  Object.assign(metric, { collect: update }); // which prom-client calls, and does not declare
}
