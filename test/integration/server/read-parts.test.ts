import { Kind, parse, print, visit, type DocumentNode, type SelectionNode, type SelectionSetNode } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { formatNodeId } from '../../../schema/node.ts';
import { allFieldsQueries } from '../../support/all-fields-query.ts';
import { startTestServer } from '../../support/test-server.ts';

// An operation reads only the parts of events that its fields say they use. A field that does not say
// so would return an empty value where no other field of the operation uses the same part.

const given = {
  'Query.event': ['id: "second"'],
  'Query.events': ['', 'filter: { resource: { id: { in: ["acme.thing"] } } }, order: LOG', 'filter: { text: "needle" }'],
  'Query.eventCounts': ['by: [{ event: {} }]'],
  'Query.resource': ['id: "acme.thing"', 'id: "acme.owner"'],
  'Query.node': [formatNodeId({ type: 'Event', id: 'second' }), formatNodeId({ type: 'Resource', id: 'acme.owner' })].map(
    (id) => `nodeId: "${id}"`,
  ),
  'Query.explainFilter': ['filter: { text: "needle" }'],
  'Query.whyNot': ['filter: { text: "missing", resource: { labels: [{ key: "level", in: ["2"] }] } }, eventId: "second"'],
  'Query.apiKeys': [],
  'Query.apiKey': [],
  'Event.payloadAt': ['path: "of.key"'],
  'ResourceSnapshot.label': ['key: "level"'],
  'PrimaryResource.label': ['key: "level"'],
  'RelatedResource.label': ['key: "level"'],
  'Resource.label': ['key: "level"'],
};

test('each field alone returns what it returns beside all others', async () => {
  await using server = await startTestServer(
    { TIDINGS_MAX_COST: '1000000000' },
    { queryTokens: 1e6, querySelections: 1e6, queryAliases: 1e6 },
  );
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', {
    input: ['first', 'second', 'third'].map((id, n) => ({
      id,
      event: `thing.${id}`,
      resource: { id: 'acme.thing', labels: { 'prefect.resource.name': 'Thing', level: `${n}` } },
      related: [{ id: 'acme.owner', role: 'owner', labels: { level: `owner ${n}` } }],
      payload: { of: { key: id }, text: 'a needle' },
      ...(n > 0 && { follows: ['first', 'second'][n - 1] }),
    })),
  });
  let compared = 0;
  for (const query of allFieldsQueries(schema, 'Query', given, 2)) {
    const document = parse(query);
    const all = await server.data(query.replace('{', `{ ${everyPart} `));
    for (const name of leafNames(document)) {
      const only = onlyLeaves(document, name);
      const alone = await server.data(print(only));
      expect(alone, `${name} of ${query.slice(0, 60)}`).toEqual(selected(only, all));
      compared += 1;
    }
  }
  console.log(`${compared} operations with one field`);
});

/** Fields that use every part, each of them in two ways. */
const everyPart = `
  none: event(id: "none") { resource { labels } related { role } payload }
  neither: whyNot(filter: {}, eventId: "none") { matches }`;

function leafNames(document: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  visit(document, { Field: ({ name, selectionSet }) => void (selectionSet === undefined && names.add(name.value)) });
  return names;
}

/** The operation with one name of the fields without selections. */
function onlyLeaves(document: DocumentNode, name: string): DocumentNode {
  const pruned = ({ selections }: SelectionSetNode): SelectionSetNode => ({
    kind: Kind.SELECTION_SET,
    selections: selections.flatMap((each): readonly SelectionNode[] => {
      if (each.kind === Kind.FRAGMENT_SPREAD) return [];
      if (each.selectionSet === undefined) return each.kind === Kind.FIELD && each.name.value === name ? [each] : [];
      const selectionSet = pruned(each.selectionSet);
      return selectionSet.selections.length > 0 ? [{ ...each, selectionSet }] : [];
    }),
  });
  return {
    ...document,
    definitions: document.definitions.map((each) =>
      each.kind === Kind.OPERATION_DEFINITION ? { ...each, selectionSet: pruned(each.selectionSet) } : each,
    ),
  };
}

/** What an operation selects of the data of one that selects more. */
function selected(document: DocumentNode, data: any): any {
  const [operation] = document.definitions;
  return operation?.kind === Kind.OPERATION_DEFINITION ? selectedBy(operation.selectionSet, data) : null;
}

function selectedBy({ selections }: SelectionSetNode, data: any): any {
  if (data === null) return null;
  if (Array.isArray(data)) return data.map((each) => selectedBy({ kind: Kind.SELECTION_SET, selections }, each));
  const found: any = {};
  for (const each of selections) {
    if (each.kind === Kind.INLINE_FRAGMENT) Object.assign(found, selectedBy(each.selectionSet, data));
    if (each.kind !== Kind.FIELD) continue;
    const key = (each.alias ?? each.name).value;
    if (key in data) found[key] = each.selectionSet === undefined ? data[key] : selectedBy(each.selectionSet, data[key]);
  }
  return found;
}
