import { builder } from '../builder.ts';
import type { ServiceLimits, Services } from '../services.ts';

const Limits = builder.objectRef<ServiceLimits>('Limits').implement({
  description: 'What the service accepts.',
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
    pageSize: t.exposeInt('pageSize', { description: 'The most that first and last may ask for.' }),
    filterNodes: t.exposeInt('filterNodes', { description: 'Fields and operators in one filter.' }),
    statementTimeoutMs: t.exposeInt('statementTimeout', {
      description: 'Milliseconds that a query may take in the database; then it gets LIMIT_EXCEEDED. 0: no limit.',
    }),
    subscriptionsPerConnection: t.exposeInt('subscriptionsPerConnection', { description: 'Operations under way on one WebSocket.' }),
    connectionsPerClient: t.exposeInt('connectionsPerClient', {
      description: 'WebSockets and SSE streams of one key, and of one address, that one process has open.',
    }),
    bodyBytes: t.exposeInt('bodyBytes', { description: 'Bytes of one HTTP request body or WebSocket message.' }),
    queryTokens: t.exposeInt('queryTokens', { description: 'Lexical tokens of a GraphQL document. Variables count for nothing.' }),
    queryDepth: t.exposeInt('queryDepth', { description: 'Fields within fields.' }),
    querySelections: t.exposeInt('querySelections', { description: 'Fields and fragments that stand in a document.' }),
    queryAliases: t.exposeInt('queryAliases', { description: 'Aliases in a document.' }),
    queryDirectives: t.exposeInt('queryDirectives', { description: 'Directives in a document.' }),
    queryRootFields: t.exposeInt('queryRootFields', { description: 'Fields at the root of an operation.' }),
    queryCost: t.exposeInt('queryCost', {
      description:
        'Cost of an operation: about the values in its answer. A list is as long as first, last, batchSize or maxEvents allow, or counts as 10; lists in lists multiply.',
    }),
    costPerMinute: t.exposeInt('costPerMinute', {
      description: 'Cost of all operations of one key, or address without keys, in a minute; then they get LIMIT_EXCEEDED. 0: no limit.',
    }),
  }),
});

const Service = builder.objectRef<Services>('Service').implement({
  description: 'The service itself.',
  fields: (t) => ({
    version: t.exposeString('version'),
    limits: t.expose('limits', { type: Limits }),
    retentionDays: t.int({
      nullable: true,
      description: 'How long events are kept after they were received; null: for ever.',
      resolve: ({ limits: { retentionDays } }) => (retentionDays === 0 ? null : retentionDays),
    }),
  }),
});

builder.queryField('service', (t) => t.field({ type: Service, resolve: (_root, _args, { services }) => services }));
