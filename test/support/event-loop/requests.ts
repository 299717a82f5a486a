import { getIntrospectionQuery } from 'graphql';
import type { Request } from '../transports.ts';

/** Sends a request of some kind, and returns what came of it, in a few words. */
export type Send = () => Promise<string>;

export const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const filterQuery = 'query ($filter: EventFilter!) { events(filter: $filter) { nodes { id } } }';
const explainQuery = 'query ($filter: EventFilter!) { explainFilter(filter: $filter) { description indexConditions estimate { count } } }';
const emission = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input, onError: SKIP_REJECTED) { created rejected } }';

export const filters: Record<string, object> = {
  'a million empty objects': { or: many(1_000_000, () => ({})) },
  'payload paths of 240 steps': { or: many(120, (n) => ({ payload: [{ path: `${'a.'.repeat(240)}b${n}`, eq: n }] })) },
  'payload paths of empty keys': { or: many(120, (n) => ({ payload: [{ path: `${'"".'.repeat(200)}b${n}`, gt: n }] })) },
  'eight megabytes of prefixes': {
    or: many(9, (n) => ({ anyResource: [{ id: { startsWith: many(1000, (m) => 'x'.repeat(900) + n + m) } }] })),
  },
  'as many prefixes as are accepted': { anyResource: [{ id: { startsWith: many(1000, (m) => 'x'.repeat(950) + m) } }] },
  'values of labels': { or: many(9, (n) => ({ resource: { labels: [{ key: `k${n}`, in: many(100, (m) => 'v'.repeat(9000) + m) }] } })) },
  'values of a payload': { payload: [{ path: 'a', in: many(1000, (m) => ({ a: { b: [m, 'x'.repeat(900)] } })) }] },
  'lists within lists': { or: many(9, (n) => ({ payload: [{ path: `a${'.*'.repeat(8)}`, eq: n }] })) },
  'words to search': {
    or: many(160, (n) => ({
      text: many(50, (m) => `${n}${m}`)
        .join(' ')
        .slice(0, 200),
    })),
  },
};
/** A document that is an event. */
const document = (n: number, payload: object = { n }) => ({
  id: `document-${n}`,
  occurred: '2026-11-01T00:00:00Z',
  event: 'a',
  resource: { 'prefect.resource.id': 'r' },
  payload,
});
const cloudEvent = (n: number) => ({ specversion: '1.0', id: `${n}`, source: 's', type: 't', time: '2026-11-01T00:00:00Z', data: { n } });
const badEvent = { id: 1, event: 2, resource: { id: 3, labels: { a: 1, b: 2 } }, related: [{ id: 1, role: 2 }], payload: 3, occurred: 4 };

const manyMembers = (count: number): object => Object.fromEntries(many(count, (n) => [`k${n}`, n]));
/** Objects that each have a key of their own, for each of which the parser makes a hidden class. */
const differentKeys = (count: number, from: number): object => many(count, (n) => ({ [(1_000_000 + from + n).toString(36)]: 1 }));
const deepIntrospection = `fragment t on __Type { name ${'ofType { '.repeat(8)}name${' }'.repeat(8)} fields { name } }`;

/** Operations, which are sent over HTTP and over WebSocket. */
export const operations: Record<string, Request> = {
  'a value full of suggestions': {
    query: 'query ($order: EventOrder) { events(order: $order) { nodes { id } } }',
    variables: { order: ' Did you mean '.repeat(16_000) },
  },
  'a value of 12 MB': { query: 'query ($n: Int) { events(first: $n) { nodes { id } } }', variables: { n: 'x'.repeat(12_000_000) } },
  'a list of wrong values': { query: filterQuery, variables: { filter: { id: { in: many(190_000, () => []) } } } },
  'unused variables': { query: '{ head }', variables: { unused: many(4_000_000, () => ({})) } },
  'as many unused objects as are accepted': { query: '{ head }', variables: { unused: many(900_000, () => ({})) } },
  'an object of 500,000 members': { query: '{ head }', variables: manyMembers(500_000) },
  'an unused object of 99,000 members': { query: '{ head }', variables: manyMembers(99_000) },
  'unused objects with different keys': { query: '{ head }', variables: { unused: differentKeys(100_000, 0) } },
  'a filter of objects with different keys': { query: filterQuery, variables: { filter: { or: differentKeys(100_000, 200_000) } } },
  'a filter of 99,000 members': { query: filterQuery, variables: { filter: manyMembers(99_000) } },
  'a filter of 99,000 wrong members': { query: filterQuery, variables: { filter: { or: many(500, () => manyMembers(180)) } } },
  'a payload of 99,000 members': {
    query: emission,
    variables: { input: [{ id: 'members', event: 'a', resource: { id: 'r' }, payload: manyMembers(99_000) }] },
  },
  'three payloads of 99,000 members': {
    query: emission,
    variables: { input: many(3, (n) => ({ id: `members-${n}`, event: 'a', resource: { id: 'r' }, payload: manyMembers(99_000) })) },
  },
  'labels of 99,000 members': {
    query: emission,
    variables: { input: [{ id: 'labels', event: 'a', resource: { id: 'r', labels: manyMembers(99_000) } }] },
  },
  'related resources of 11,000 labels each': {
    query: emission,
    variables: {
      input: [
        {
          id: 'related',
          event: 'a',
          resource: { id: 'r' },
          related: many(100, () => ({ id: 'r', role: 'r', labels: manyMembers(11_000) })),
        },
      ],
    },
  },
  'a payload of exact numbers': {
    query: emission,
    variables: { input: [{ id: 'exact', event: 'a', resource: { id: 'r' }, payload: { list: many(200_000, (n) => 0.1 + n) } }] },
  },
  'a filter value of 12 MB': { query: filterQuery, variables: { filter: { id: { in: ['x'.repeat(12_000_000)] } } } },
  'a filter value of 12 MB of escapes': { query: filterQuery, variables: { filter: { text: '\u0001'.repeat(2_000_000) } } },
  'an enum value of 12 MB': {
    query: 'query ($order: EventOrder) { events(order: $order) { nodes { id } } }',
    variables: { order: 'NEWEST'.repeat(2_000_000) },
  },
  introspection: { query: getIntrospectionQuery() },
  'introspection of many types': { query: `{ ${many(20, (n) => `t${n}: __schema { types { ...t } }`).join(' ')} } ${deepIntrospection}` },
  resources: {
    query: 'query ($prefix: String) { resources(first: 1000, idPrefix: $prefix) { nodes { id labels } } }',
    variables: { prefix: 'x'.repeat(12_000_000) },
  },
  'why not': {
    query: 'query ($filter: EventFilter!) { whyNot(filter: $filter, eventId: "document-1") { fails { description } } }',
    variables: { filter: { or: many(480, (n) => ({ event: { glob: [`*a*${n}*b*`] } })) } },
  },
  'a block string of 12 MB': { query: `{ event(id: """${' x\n'.repeat(4_000_000)}""") { id } }` },
  'a comment of 12 MB': { query: `#${'x'.repeat(12_000_000)}\n{ head }` },
  'a name of 10 MB': { query: `{ ${'event'.repeat(2_000_000)} }` },
  'the longest document': { query: `{ event(id: """${' x\n'.repeat(330_000)}""") { id } }` },
  'unknown fields': { query: `{ ${many(4900, (n) => `head${n}`).join(' ')} }` },
  'unknown input fields': { query: `{ events(filter: { ${many(3300, (n) => `evnt${n}: 1`).join(' ')} }) { nodes { id } } }` },
  'conflicting fields': { query: `{ ${many(49, (n) => `events(first: ${n}) { nodes { ${'id '.repeat(8)} } }`).join(' ')} }` },
  'a chain of fragments': {
    query: `{ ...f0 } ${many(240, (n) => `fragment f${n} on Query { ...f${n + 1} }`).join(' ')} fragment f240 on Query { head }`,
  },
  'an emission of invalid events': { query: emission, variables: { input: many(1000, () => badEvent) } },
  'an emission of large events': {
    query: emission,
    variables: {
      input: many(1000, (n) => ({ id: `large-${n}`, event: 'a', resource: { id: 'r' }, payload: { text: 'x'.repeat(14_000) } })),
    },
  },
  ...Object.fromEntries(
    Object.entries(filters).flatMap(([name, filter]) => [
      [name, { query: filterQuery, variables: { filter } }],
      [`${name}, explained`, { query: explainQuery, variables: { filter } }],
    ]),
  ),
};

/** Requests of other protocols. */
export const requests: Record<string, { readonly path?: string; readonly type?: string; readonly body: string }> = {
  'documents that are events': { path: '/api/events', body: JSON.stringify(many(50_000, (n) => document(n))) },
  'one document of 12 MB': { path: '/api/events', body: JSON.stringify(document(0, { text: 'x'.repeat(12_000_000) })) },
  'one document of 1,900,000 values': { path: '/api/events', body: JSON.stringify(document(0, { list: many(1_900_000, () => 1) })) },
  'one document of exact numbers': {
    path: '/api/events',
    body: `{"id":"e","payload":{"list":[${'9007199254740993,'.repeat(200_000)}0]}}`,
  },
  'one line of exact numbers': {
    path: '/api/events',
    type: 'application/x-ndjson',
    body: `{"id":"e","payload":{"list":[${'9007199254740993,'.repeat(200_000)}0]}}\n{}`,
  },
  'a sequence of invalid documents': { path: '/api/events', type: 'application/json-seq', body: '\x1e{"id":1}\n'.repeat(50_000) },
  'blank lines': { path: '/api/events', type: 'application/x-ndjson', body: '\n'.repeat(12_000_000) },
  CloudEvents: {
    path: '/cloudevents',
    type: 'application/cloudevents-batch+json',
    // The last one is invalid, so that none is stored: storing is the same for documents.
    body: JSON.stringify([...many(49_999, cloudEvent), {}]),
  },
  'a CloudEvent with many attributes': {
    path: '/cloudevents',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ ...cloudEvent(0), ...Object.fromEntries(many(200_000, (n) => [`K-${n}`, []])) }),
  },
  'a CloudEvent of 99,000 attributes': {
    path: '/cloudevents',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ ...cloudEvent(0), ...manyMembers(99_000) }),
  },
  'a CloudEvent with data of 99,000 members': {
    path: '/cloudevents',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ ...cloudEvent(0), data: manyMembers(99_000) }),
  },
  'a CloudEvent with Base64 of 12 MB': {
    path: '/cloudevents',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ ...cloudEvent(0), data_base64: 'QUJD'.repeat(3_000_000) }),
  },
  'a CloudEvent in Base64 of many values': {
    path: '/cloudevents',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ ...cloudEvent(0), data_base64: Buffer.from(`[${'1,'.repeat(1_900_000)}1]`).toString('base64') }),
  },
  'a CloudEvent with related resources of 12 MB': {
    path: '/cloudevents',
    type: 'application/cloudevents+json',
    body: JSON.stringify({ ...cloudEvent(0), related: `[${'1,'.repeat(1_900_000)}1]` }),
  },
  'a document of 99,000 members': { path: '/api/events', body: JSON.stringify(manyMembers(99_000)) },
  'a resource of 99,000 labels': { path: '/api/events', body: JSON.stringify({ ...document(0), resource: manyMembers(99_000) }) },
  'a document with a payload of 99,000 members': { path: '/api/events', body: JSON.stringify(document(0, manyMembers(99_000))) },
  "a filter of Prefect's of 99,000 members": { path: '/api/events/filter', body: JSON.stringify({ filter: manyMembers(99_000) }) },
  "a filter of Prefect's of 12 MB": {
    path: '/api/events/filter',
    body: JSON.stringify({ filter: { event: { name: ['x'.repeat(12_000_000)] } } }),
  },
  'a document with related resources of 11,000 labels each': {
    path: '/api/events',
    body: JSON.stringify({ ...document(0), related: many(100, () => manyMembers(11_000)) }),
  },
  'a document with as many labels as are accepted': {
    path: '/api/events',
    body: JSON.stringify({
      ...document(0),
      id: 'labels',
      related: many(100, (n) => ({
        'prefect.resource.id': `r${n}`,
        'prefect.resource.role': 'r',
        ...Object.fromEntries(many(500, (n) => [`k${n}`, 'v'])),
      })),
    }),
  },
  'a document of objects with different keys': {
    path: '/api/events',
    body: JSON.stringify({ ...document(0), related: differentKeys(100_000, 400_000) }),
  },
  'empty lines': { path: '/api/events', type: 'application/x-ndjson', body: '{}\n'.repeat(50_000) },
  'empty CloudEvents': {
    path: '/cloudevents',
    type: 'application/cloudevents-batch+json',
    body: JSON.stringify(many(50_000, () => ({}))),
  },
  'documents that are all invalid': { path: '/api/events', body: JSON.stringify(many(50_000, () => badEvent)) },
  'empty documents': { path: '/api/events', body: JSON.stringify(many(50_000, () => ({}))) },
  'lines that are all invalid': {
    path: '/api/events?on_error=skip',
    type: 'application/x-ndjson',
    body: '{"id":1,"a":[],"b":{}}\n'.repeat(50_000),
  },
  'nested lists': { path: '/api/events', body: '['.repeat(8_000_000) },
};
