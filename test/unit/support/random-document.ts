/** A valid document, and values of its variables. */
export interface RandomDocument {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * A document of random selections: aliases, merged fields, fragments, directives, variables. It subscribes to `events` or
 * `eventStream`, or queries a page.
 */
export function randomDocument(seed: number, field: 'events' | 'eventStream' | 'page'): RandomDocument {
  let state = seed | 0;
  const below = (n: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x6d2b_79f5) | 0;
    return ((state ^ (state >>> 12)) >>> 0) % n;
  };
  const pick = (from: readonly string[]): string => from[below(from.length)]!;
  const directive = (): string => (below(6) > 0 ? '' : ` @${pick(['skip', 'include'])}(if: ${pick(['true', 'false', '$yes', '$no'])})`);
  const selections = (type: string, depth: number): string =>
    `{ ${Array.from({ length: 1 + below(5) }, () => selection(type, depth)).join(' ')} }`;
  const selection = (type: string, depth: number): string => {
    if (depth > 0 && below(5) === 0) {
      const on = pick(['', ` on ${pick(fragmentTypes[type]!)}`]).trim();
      return `... ${on}${directive()} ${selections(on === '' ? type : on.slice(3), depth - 1)}`;
    }
    const spread = fragmentsOf[type] ?? [];
    if (depth > 0 && spread.length > 0 && below(8) === 0) return `...${pick(spread)}${directive()}`;
    const [name, inner] = pick(below(40) === 0 ? [...fieldsOf[type]!, ...(slowFieldsOf[type] ?? [])] : fieldsOf[type]!).split(' > ');
    if (inner !== undefined && depth === 0) return '__typename';
    return `${name}${directive()} ${inner === undefined ? '' : inner.startsWith('{') ? inner : selections(inner, depth - 1)}`;
  };
  const root = { events: 'Event', eventStream: 'EventStreamMessage', page: 'EventConnection' }[field];
  // One use of each variable and fragment, because documents must have one.
  const uses = '... @skip(if: $yes) @include(if: $no) { __typename } ... on Event { used: payloadAt(path: $path) ...E ...N }';
  const body = { events: uses, eventStream: `... on EventBatch { events { ${uses} } }`, page: `nodes { ${uses} }` }[field];
  const [operation, name] = field === 'page' ? ['query', 'events(first: 5, order: LOG)'] : ['subscription', field];
  const query =
    `${operation} ($yes: Boolean!, $no: Boolean!, $path: String!) { ${name} { ${body} ${selections(root, 4).slice(1, -1)} } } ` +
    `fragment E on Event ${selections('Event', 0)} fragment N on Node ${selections('Node', 0)}`;
  return { query, variables: { yes: true, no: false, path: pick(['a', 'a.b', 'a.0', '"x y"', 'b']) } };
}

const snapshot = [
  'resourceId',
  'name',
  'labels',
  'n: name',
  'l0: label(key: "k")',
  'l1: label(key: "prefect.resource.role")',
  '__typename',
];
const at = ['cursor', '__typename', 'c: cursor'];
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  Event: (
    'id | event | occurred | received | payload | p: payload | payloadBytes | followsId | cursor | nodeId | __typename | i: id | ' +
    '__proto__: id | a0: payloadAt(path: "a") | a1: payloadAt(path: $path) | resource > PrimaryResource | r: resource > PrimaryResource | ' +
    'related > RelatedResource | actors: related(role: ["actor", "b"]) > RelatedResource | none: related(role: []) > RelatedResource'
  ).split(' | '),
  Node: ['nodeId', '__typename', 'n: nodeId'],
  PrimaryResource: snapshot,
  RelatedResource: [...snapshot, 'role', 'r: role'],
  ResourceSnapshot: snapshot,
  EventBatch: [...at, 'previous', 'events > Event', 'e: events > Event'],
  CaughtUp: at,
  FellBehind: [...at, 'head'],
  Checkpoint: at,
  Gap: ['from', 'to', 'reason', '__typename'],
  EventStreamMessage: ['__typename', 't: __typename'],
  EventConnection: ['edges > EventEdge', 'nodes > Event', 'n: nodes > Event', 'pageInfo > PageInfo', 'totalCount > CappedCount', 'head'],
  EventEdge: ['node > Event', 'cursor', 'c: cursor', '__typename'],
  PageInfo: ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor', 'e: endCursor'],
  CappedCount: ['count', 'exceeded'],
};
/** Those that read the database, or fail. */
const slowFieldsOf: Readonly<Record<string, readonly string[]>> = {
  Event: ['follows > Event', 'followers > { __typename }', 'chain > { __typename }', 'bad: payloadAt(path: "$.a")'],
  PrimaryResource: ['resource > { id name }'],
};
const fragmentsOf: Readonly<Record<string, readonly string[]>> = { Event: ['E', 'N'], Node: ['N', 'E'] };
const fragmentTypes: Readonly<Record<string, readonly string[]>> = {
  Event: ['Event', 'Node'],
  Node: ['Event', 'Node'],
  PrimaryResource: ['PrimaryResource', 'ResourceSnapshot'],
  RelatedResource: ['RelatedResource', 'ResourceSnapshot'],
  ResourceSnapshot: ['PrimaryResource', 'RelatedResource', 'ResourceSnapshot'],
  ...Object.fromEntries(['EventConnection', 'EventEdge', 'PageInfo', 'CappedCount'].map((type) => [type, [type]])),
  EventStreamMessage: ['EventBatch', 'EventBatch', 'EventBatch', 'CaughtUp', 'FellBehind', 'Checkpoint', 'Gap', 'EventStreamMessage'],
  ...Object.fromEntries(['EventBatch', 'CaughtUp', 'FellBehind', 'Checkpoint', 'Gap'].map((type) => [type, [type, 'EventStreamMessage']])),
};
