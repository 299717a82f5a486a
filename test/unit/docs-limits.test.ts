import { describe, expect, test } from 'vitest';
import { documentLimits } from '../../src/server/graphql/limits/document-limit-defaults.ts';
import { readSettings } from '../../src/settings.ts';
import { blockEvents, rowGroupBlocks } from '../../src/skip-index/row-group.ts';
import { textOf } from '../support/examples.ts';

const settings = readSettings({});
const mib = 2 ** 20;

/** A number that a module assigns to a name, which need not be exported. */
function constantOf(path: string, name: string): number {
  const value = new RegExp(`\\b${name}\\b(?::| =) ([\\d_]+)(?: (<<|\\*) (\\d+)(?: \\* (\\d+))?)?`).exec(textOf(path));
  if (value === null) throw new Error(`${path} assigns no number to ${name}`);
  const [first, operator, second = '1', third = '1'] = [value[1]!.replaceAll('_', ''), ...value.slice(2)];
  return Number(first) * (operator === '<<' ? 2 ** Number(second) : Number(second) * Number(third));
}

/** Numbers as pages write them: 1,000. */
function written(value: number): string {
  return value.toLocaleString('en-US');
}

const commitQueue = { events: 'queued: { events', bytes: 'queued: { events: [\\d_]+, bytes' };
const causalOrder = 'src/subscriptions/stream/causal-order.ts';
const rowGroupEvents = blockEvents * rowGroupBlocks;
const indexer = 'src/maintenance/indexer.ts';
const parseContext = 'src/filter/parse/parse-context.ts';
const variableLimits = 'src/server/graphql/limits/variable-limits.ts';

describe('docs/limits.md has the numbers of the code:', () => {
  const page = textOf('docs/limits.md');
  const rows: readonly (readonly [string, ...number[]])[] = [
    ['event id, `follows`', settings.eventIdLength],
    ['event name, resource id, role', settings.eventNameLength],
    ['event name, resource id, role', settings.resourceIdLength],
    ['event name, resource id, role', settings.roleLength],
    ['label key', settings.labelKeyLength],
    ['label value', settings.labelValueLength],
    ['labels of a resource', settings.labelsPerResource],
    ['related resources', settings.relatedResources],
    ['payload', settings.payloadDepth],
    ['one event as JSON', settings.eventBytes],
    ['batch over GraphQL', settings.batchEvents],
    ['one request to `/api/events` or `/cloudevents`', constantOf('src/adapters/batch-response.ts', 'maxRequestEvents')],
    ['HTTP body (also decompressed), WebSocket message', settings.bodyBytes / mib],
    [
      'JSON of a request',
      constantOf('src/transport/json-bounds.ts', 'maxJsonLevels'),
      constantOf('src/transport/json-bounds.ts', 'maxJsonValues'),
      constantOf('src/transport/json-bounds.ts', 'maxObjectMembers'),
      constantOf('src/transport/json-bounds.ts', 'maxNumberCharacters'),
      constantOf('src/transport/json-bounds.ts', 'maxPlainBytes'),
    ],
    [
      'variables of an operation',
      constantOf(variableLimits, 'maxVariableObjects'),
      constantOf(variableLimits, 'maxVariableMembers'),
      constantOf(variableLimits, 'maxVariableValues'),
      constantOf(variableLimits, 'maxVariableCharacters'),
    ],
    ['message of an error of GraphQL', constantOf('src/server/graphql/error-codes.ts', 'maxMessageCharacters')],
    ['characters', constantOf('src/server/graphql/limits/document-limits.ts', 'maxTextCharacters')],
    [
      'body of a rejected request, read and discarded',
      constantOf('src/transport/unread-body.ts', 'maxDiscardedBytes') / mib,
      constantOf('src/transport/unread-body.ts', 'maxDiscardMs') / 1000,
    ],
    ['page (`first`, `last`)', settings.pageSize],
    ['`totalCount(max:)`', constantOf('schema/events/paging.ts', 'maxTotalCount'), constantOf('schema/events/paging.ts', 'defaultValue')],
    ['buckets of a count', constantOf('schema/counts/counts.ts', 'maxBuckets'), constantOf('src/counts/dimensions.ts', 'maxDimensions')],
    ['buckets of one event in a count', constantOf('src/counts/bucket-keys.ts', 'maxBucketsOfEvent')],
    [
      'filter',
      settings.filterNodes,
      settings.filterDepth,
      settings.filterListLength,
      constantOf(parseContext, 'maxValues'),
      constantOf(parseContext, 'maxCharacters'),
    ],
    ['`chain(maxEvents:)`', constantOf('schema/events/chain.ts', 'maxChainEvents')],
    ["time buckets of Prefect's routes", constantOf('src/adapters/prefect/http/intervals.ts', 'maxIntervals')],
    ['glob', constantOf(parseContext, 'maxGlobLength'), constantOf(parseContext, 'maxGlobCharacters')],
    ['text search', constantOf('src/filter/parse/parse-text-filter.ts', 'maxTextLength')],
    ['payload path', constantOf('src/event/payload-path.ts', 'maxPathLength'), constantOf(parseContext, 'maxPathSteps')],
    ['one SQL statement', settings.statementTimeout / 1000],
    ['one response, and the events read for it', settings.responseBytes],
    ['tokens', documentLimits.queryTokens],
    [
      'automatic persisted queries in one process',
      constantOf('src/server/graphql/persisted-queries.ts', 'maxStoredDocuments'),
      constantOf('src/server/graphql/document-cache.ts', 'maxDocumentCharacters'),
      constantOf('src/server/graphql/persisted-queries.ts', 'maxStoredCharacters'),
    ],
    ['nesting of fields', documentLimits.queryDepth],
    ['fields and fragments', documentLimits.querySelections],
    ['aliases', documentLimits.queryAliases],
    ['directives', documentLimits.queryDirectives],
    ['root fields of an operation', documentLimits.queryRootFields],
    ['cost of an operation', settings.queryCost],
    ['cost of all requests in a minute, over all protocols', settings.costPerMinute],
    ['open WebSockets and SSE streams', settings.connectionsPerClient],
    ['running operations on one WebSocket', settings.subscriptionsPerConnection],
    ['requests sent ahead on one connection', constantOf('src/transport/pipelined-requests.ts', 'maxPipelined')],
    ['connections of one address that are not authenticated', settings.unauthenticatedConnections],
    ['bytes on a WebSocket before it is authenticated', constantOf('src/transport/unauthenticated-socket.ts', 'maxBytes') / 1024],
    ['id of an operation on a WebSocket', constantOf('src/server/invalid-message.ts', 'maxIdLength')],
    ['events that wait to be stored', constantOf('src/ingest/group-commit.ts', commitQueue.events)],
    ['events that wait to be stored', constantOf('src/ingest/group-commit.ts', commitQueue.bytes) / mib],
    [
      'unindexed events before emitting is throttled',
      constantOf(indexer, 'postgres') * rowGroupEvents,
      constantOf(indexer, 'embedded') * rowGroupEvents,
    ],
    ['tail buffer in memory', constantOf('src/log/tail.ts', 'TailBufferBounds = { events')],
    [
      'bytes that wait for the network of one WebSocket or stream',
      constantOf('src/transport/slow-consumers/network-room.ts', 'maxBufferedBytes') / 1024,
    ],
    ['rejected events', constantOf('src/ingest/rejected-events.ts', 'count'), constantOf('src/ingest/rejected-events.ts', 'bytes') / mib],
    ['causal order', constantOf(causalOrder, 'maxWaitMs') / 1000, constantOf(causalOrder, 'maxBufferedEvents')],
  ];
  test.each(rows.map(([part, ...values]) => [part, values] as const))('%s: %j', (part, values) => {
    const limit = page.split('\n').find((line) => line.startsWith(`| ${part} | `));
    for (const value of values) expect(limit, part).toMatch(new RegExp(`(?<!\\d,?)${written(value)}(?!,?\\d)`));
  });
});
