import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** Every metric: its name, labels and help. docs/operations.md repeats this table. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    emitted: new Counter({
      name: 'tidings_events_emitted_total',
      help: 'Events that clients emitted, by result: created, duplicate or rejected.',
      labelNames: ['status'] as const,
      registers,
    }),
    adapterEvents: new Counter({
      name: 'tidings_adapter_events_total',
      help: 'Events received over other protocols than GraphQL, by protocol and result: created, duplicate or rejected.',
      labelNames: ['protocol', 'status'] as const,
      registers,
    }),
    unknownMembers: new Counter({
      name: 'tidings_unknown_members_total',
      help: 'Unknown members of event documents, which were ignored, by protocol.',
      labelNames: ['protocol'] as const,
      registers,
    }),
    rejectedEventsStored: new Counter({
      name: 'tidings_rejected_events_stored_total',
      help: 'Invalid events stored for inspection: frames of sockets, and events that requests with on_error=skip left out, by reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'tidings_append_duration_seconds',
      help: 'Time from a validated batch to its durable acknowledgement.',
      buckets: latencyBuckets,
      registers,
    }),
    commitQueueEvents: new Gauge({
      name: 'tidings_commit_queue_events',
      help: 'Valid events that wait to be stored.',
      registers,
    }),
    commitQueueBytes: new Gauge({
      name: 'tidings_commit_queue_bytes',
      help: 'Bytes of the events that wait to be stored.',
      registers,
    }),
    problems: new Counter({
      name: 'tidings_event_problems_total',
      help: 'Problems of rejected events, by code; an event can have several.',
      labelNames: ['code'] as const,
      registers,
    }),
    rejectedRequests: new Counter({
      name: 'tidings_rejected_requests_total',
      help: 'Requests and operations that were rejected, entirely or in part, by error code; SYNTAX and VALIDATION for invalid GraphQL, FRAME for broken WebSocket frames.',
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
      help: 'Failed statements: unreachable, timeout (exceeded TIDINGS_STATEMENT_TIMEOUT_MS), outdated (a newer version has migrated the database), or other.',
      labelNames: ['kind'] as const,
      registers,
    }),
    logLag: new Histogram({
      name: 'tidings_log_lag_seconds',
      help: 'Time from when the database received an event until this process handed it to its subscriptions.',
      buckets: latencyBuckets,
      registers,
    }),
    head: new Gauge({
      name: 'tidings_log_head',
      help: 'The last position of the log that this process has read.',
      aggregator: 'max',
      registers,
    }),
    indexPosition: new Gauge({
      name: 'tidings_index_position',
      help: 'The position up to which this process has indexed the log; queries scan the events after it.',
      aggregator: 'max',
      registers,
    }),
    indexLagEvents: new Gauge({
      name: 'tidings_index_lag_events',
      help: 'Events not indexed yet, which queries scan; beyond 65,536, or 8,192 on the embedded database, emitting is throttled.',
      aggregator: 'max',
      registers,
    }),
    logEpochs: new Counter({
      name: 'tidings_log_epochs_total',
      help: 'Times that this process changed to another epoch of the log, because its database server was replaced.',
      registers,
    }),
    subscriptions: new Gauge({ name: 'tidings_subscriptions', help: 'Open event subscriptions.', registers }),
    subscriptionBytes: new Gauge({
      name: 'tidings_subscription_bytes',
      help: 'Estimated bytes of memory that open subscriptions keep: their filters, documents and readers.',
      registers,
    }),
    subscriptionFilters: new Gauge({
      name: 'tidings_subscription_filters',
      help: 'Distinct filters of subscriptions, by how the index finds them: exact, inexact (by a prefix), none (tested on every event).',
      labelNames: ['index'] as const,
      registers,
    }),
    delivered: new Counter({ name: 'tidings_events_delivered_total', help: 'Events handed to subscriptions.', registers }),
    encoded: new Counter({
      name: 'tidings_subscription_results_encoded_total',
      help: 'Results of subscriptions that were executed and encoded, each once for all that share it.',
      registers,
    }),
    unauthenticatedConnections: new Gauge({
      name: 'tidings_unauthenticated_connections',
      help: 'Open connections whose client has not been authenticated.',
      registers,
    }),
    evictedConnections: new Counter({
      name: 'tidings_evicted_connections_total',
      help: 'Unauthenticated connections that were closed, the oldest first, because their address had more than TIDINGS_MAX_UNAUTHENTICATED_CONNECTIONS.',
      registers,
    }),
    sockets: new Gauge({ name: 'tidings_websockets', help: 'Open WebSockets.', registers }),
    streams: new Gauge({ name: 'tidings_streams', help: 'Open requests for streams over HTTP (SSE).', registers }),
    slowConsumers: new Gauge({
      name: 'tidings_slow_consumers',
      help: 'WebSockets and streams for which events wait until their network accepts more.',
      registers,
    }),
    stalledConnections: new Counter({
      name: 'tidings_stalled_connections_total',
      help: 'WebSockets and streams that were closed because their client did not read: STALLED, no byte moved for long; MEMORY, what waited took more than the client may keep.',
      labelNames: ['reason'] as const,
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
      help: 'Errors that no client should see: each is a bug, and was logged.',
      registers,
    }),
  };
}

const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Registers a function that updates the metric whenever the metrics are read. */
export function onCollect(metric: Gauge | Counter, update: () => void): void {
  Object.assign(metric, { collect: update }); // prom-client calls it, but does not declare it as writable
}
