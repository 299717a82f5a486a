import { builder } from '../builder.ts';
import { requiresNothing } from '../permissions.ts';
import type { ServiceLimits, Services } from '../services.ts';

const Limits = builder.objectRef<ServiceLimits>('Limits').implement({
  description: 'The limits of the service.',
  fields: (t) => ({
    eventNameLength: t.exposeInt('eventNameLength', { description: 'Characters of an event name.' }),
    labelsPerResource: t.exposeInt('labelsPerResource'),
    eventIdLength: t.exposeInt('eventIdLength', { description: 'Characters of an event id, and of follows.' }),
    resourceIdLength: t.exposeInt('resourceIdLength', { description: 'Characters of a resource id.' }),
    roleLength: t.exposeInt('roleLength'),
    labelKeyLength: t.exposeInt('labelKeyLength'),
    labelValueLength: t.exposeInt('labelValueLength'),
    payloadDepth: t.exposeInt('payloadDepth', { description: 'Levels of a payload.' }),
    filterDepth: t.exposeInt('filterDepth', { description: 'Levels of and, or and not in one filter.' }),
    filterListLength: t.exposeInt('filterListLength', { description: 'Values in one list of a filter.' }),
    relatedResources: t.exposeInt('relatedResources', { description: 'Related resources of one event.' }),
    eventBytes: t.exposeInt('eventBytes', { description: "Bytes of one event's JSON form." }),
    batchEvents: t.exposeInt('batchEvents', { description: 'Events in one emitEvents.' }),
    pageSize: t.exposeInt('pageSize', { description: 'The maximum of `first` and `last`.' }),
    filterNodes: t.exposeInt('filterNodes', { description: 'Fields and operators in one filter.' }),
    statementTimeoutMs: t.exposeInt('statementTimeout', {
      description: 'Milliseconds that a database statement may take; beyond, the operation fails with LIMIT_EXCEEDED. 0: no limit.',
    }),
    subscriptionsPerConnection: t.exposeInt('subscriptionsPerConnection', { description: 'Concurrent operations on one WebSocket.' }),
    connectionsPerClient: t.exposeInt('connectionsPerClient', {
      description: 'Open WebSockets and SSE streams per API key, and per address, in one process.',
    }),
    bodyBytes: t.exposeInt('bodyBytes', { description: 'Bytes of one HTTP request body or WebSocket message.' }),
    responseBytes: t.exposeInt('responseBytes', { description: 'Bytes of events that one response can have.' }),
    queryTokens: t.exposeInt('queryTokens', { description: 'Lexical tokens of a GraphQL document. Variables do not count.' }),
    queryDepth: t.exposeInt('queryDepth', { description: 'Levels of nested fields.' }),
    querySelections: t.exposeInt('querySelections', { description: 'Fields and fragments in a document.' }),
    queryAliases: t.exposeInt('queryAliases', { description: 'Aliases in a document.' }),
    queryDirectives: t.exposeInt('queryDirectives', { description: 'Directives in a document.' }),
    queryRootFields: t.exposeInt('queryRootFields', { description: 'Fields at the root of an operation.' }),
    queryCost: t.exposeInt('queryCost', {
      description:
        'Cost of an operation: about the number of values in its response. A list counts `first`, `last`, `batchSize` or `maxEvents` entries, otherwise 10. Nested lists multiply.',
    }),
    costPerMinute: t.exposeInt('costPerMinute', {
      description:
        'Cost per minute of all operations of one API key, or of one address without a key; beyond, they fail with LIMIT_EXCEEDED. 0: no limit.',
    }),
  }),
});

const Service = builder.objectRef<Services>('Service').implement({
  description: 'The service: its version, limits and retention.',
  fields: (t) => ({
    version: t.exposeString('version'),
    limits: t.expose('limits', { type: Limits }),
    retentionDays: t.int({
      nullable: true,
      description: 'Days that events are kept after they were received; null: for ever.',
      resolve: ({ limits: { retentionDays } }) => (retentionDays === 0 ? null : retentionDays),
    }),
  }),
});

builder.queryField('service', (t) =>
  t.field({
    authScopes: requiresNothing,
    type: Service,
    resolve: (_root, _args, { services }) => services,
  }),
);
