import type { Random } from '../oracle/random.ts';
import { graphqlExamples } from '../support/examples.ts';

/** Valid operations, which are then mangled. */
const operations: readonly string[] = [
  // A first key would make the server reject all further requests.
  ...graphqlExamples.flatMap(([, text]) => (text.includes('createApiKey') ? [] : [text])),
  'query ($filter: EventFilter, $first: Int, $after: Cursor) { events(filter: $filter, first: $first, after: $after) { nodes { id payload } totalCount { count } } }',
  'mutation ($input: [EventInput!]!) { emitEvents(input: $input, onError: SKIP_REJECTED) { results { status userErrors { code } event { id labels: resource { labels } } } } }',
  'query ($id: ID!) { event(id: $id) { chain(maxEvents: 10) { ancestors { id } descendants { id } } followers { nodes { id } } payloadAt(path: "a.b") } }',
  'query ($filter: EventFilter!, $by: [CountBy!]!) { eventCounts(filter: $filter, by: $by) { buckets { keys count } } explainFilter(filter: $filter) { description } }',
  'subscription ($filter: EventFilter, $after: Cursor) { eventStream(filter: $filter, after: $after, batchSize: 3) { __typename ... on EventBatch { events { id } } } }',
  'query { __schema { types { name fields { name } } } service { limits { pageSize } } }',
  'query ($prefix: String) { resources(idPrefix: $prefix) { nodes { id name labels events { nodes { id } } } } }',
];

/** Values that programs often handle wrongly. */
const edgeValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  -0.5,
  2 ** 53,
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '💥',
  '../../etc/passwd',
  "' or 1=1 --",
  '$1',
  '%s%n',
  '\\',
  '*'.repeat(300),
  '?*'.repeat(200),
  '(a+)+$',
  '[',
  '{"a":',
  '__proto__',
  'constructor',
  'toString',
  '9'.repeat(400),
  '2015-02-30T25:61:61Z',
  '0000-00-00',
  'NaN',
  'é'.repeat(1000),
  [],
  {},
  [[]],
  { id: { in: [null] } },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  JSON.parse('{"constructor":{"prototype":{"polluted":true}}}'),
];

const snippets: readonly string[] = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ':',
  '$',
  '!',
  '@',
  '...',
  '"',
  '"""',
  '#',
  '\\',
  '\n',
  '\r\n',
  '\0',
  '\u2028',
  '\ufeff',
  '&',
  '|',
  '=',
  '@include(if: true)',
  '@skip(if: $x)',
  'on',
  'fragment F on Event { ...F }',
  '__typename',
  '__schema { types { name } }',
  '9999999999999999999',
  '-0',
  '1e999',
  'null',
  'true',
  '"\\ud800"',
  '"\\u0000"',
  'a: a: ',
  'first: 1000',
  'last: 1000',
  'filter: {not: {not: {}}}',
  'subscription',
  'mutation',
  'query Q',
  'extend type Query { a: Int }',
  'schema { query: Query }',
];

/** A request in the form of a client's, with any values. */
export interface GraphQLRequest {
  readonly query: unknown;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly extensions?: unknown;
}

export function randomRequest(random: Random): GraphQLRequest {
  const query = random.chance(0.5) ? random.pick(operations) : mangled(random.pick(operations), random);
  return {
    query: random.chance(0.02) ? random.pick(edgeValues) : query,
    ...(random.chance(0.8) && { variables: random.chance(0.05) ? random.pick(edgeValues) : variables(random) }),
    ...(random.chance(0.1) && { operationName: random.pick([...edgeValues, 'Emit', 'FindEvents', 'Subscribe']) }),
    ...(random.chance(0.05) && { extensions: random.pick(edgeValues) }),
  };
}

/** A text of which some pieces were cut, repeated, reversed or inserted. */
export function mangled(text: string, random: Random): string {
  let made = text;
  for (let left = random.between(1, 6); left > 0; left -= 1) {
    const at = random.between(0, made.length);
    const length = random.between(0, 20);
    const cut = made.slice(at, at + length);
    const replacement = random.pick([
      '',
      cut + cut,
      random.pick(snippets),
      [...cut].toReversed().join(''),
      String.fromCharCode(random.between(0, 0xffff)),
    ]);
    made = made.slice(0, at) + replacement + made.slice(at + (random.chance(0.5) ? length : 0));
  }
  return random.chance(0.01) ? made.repeat(random.between(2, 50)) : made;
}

function variables(random: Random): unknown {
  const event = {
    id: `f-${random.between(0, 1000)}`,
    event: 'fuzz.a',
    resource: { id: 'r', labels: { k: 'v' } },
    payload: { a: { b: 1 } },
    related: [{ id: 'x', role: 'y' }],
    follows: 'f-1',
  };
  const filter = {
    event: { in: ['fuzz.a'], startsWith: ['f'] },
    resource: { id: { notIn: ['x'] }, labels: [{ key: 'k', like: ['v*'] }] },
    payload: [{ path: 'a.b', gte: 1 }],
    text: '+a -b "c d"',
    or: [{ follows: ['f-1'] }, { not: { id: ['f-2'] } }],
    occurred: { since: '2026-01-01T00:00:00Z' },
  };
  const by = [{ time: { unit: 'DAY', timeZone: 'Europe/Berlin' } }, { label: { key: 'k' } }];
  const valid = { input: random.chance(0.3) ? event : [event, event], filter, first: 5, id: 'f-1', by, prefix: 'r', after: null };
  return mutated(valid, random, random.pick([0, 0.02, 0.1, 0.3]));
}

/** A value in which about this share of the parts was replaced. */
function mutated(value: unknown, random: Random, probability: number): unknown {
  if (random.chance(probability)) return random.chance(0.03) ? deep(random) : random.pick(edgeValues);
  if (Array.isArray(value)) return value.flatMap((each) => (random.chance(probability / 4) ? [] : [mutated(each, random, probability)]));
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' && random.chance(probability) ? mangled(value, random) : value;
  const entries = Object.entries(value).flatMap(([key, each]) => {
    if (random.chance(probability / 4)) return [];
    return [[random.chance(probability / 4) ? String(random.pick(edgeValues)) : key, mutated(each, random, probability)]];
  });
  return Object.fromEntries(entries) as unknown;
}

function deep(random: Random): unknown {
  let made: unknown = 1;
  for (let left = random.pick([90, 110, 900, 1100, 3000]); left > 0; left -= 1) made = random.chance(0.5) ? [made] : { a: made };
  return made;
}
