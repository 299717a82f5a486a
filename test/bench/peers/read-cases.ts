import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { workload } from '../load/workload.ts';
import { countCases, neighbours } from './count-cases.ts';
import type { ReadCase } from './read-case.ts';

/** The cases over the workload of so many events. */
export function readCases(count: number): readonly ReadCase[] {
  const middle = middleOf(count);
  const completed = { event: { in: ['prefect.flow-run.Completed'] } };
  const completedSql = `event = 'prefect.flow-run.Completed'`;
  const validated = (name: string) => ({
    tidings: { ...completed, payload: [{ path: 'validated_state.name', eq: name }] },
    postGraphile: { event: { equalTo: 'prefect.flow-run.Completed' }, payload: { contains: { validated_state: { name } } } },
    sql: `${completedSql} and payload @> '{"validated_state": {"name": "${name}"}}'`,
  });
  const [flow] = middle.related;
  const pages: readonly (readonly [string, PageFilter])[] = [
    ['name common', { tidings: completed, postGraphile: { event: { equalTo: 'prefect.flow-run.Completed' } }, sql: completedSql }],
    [
      'name rare',
      {
        tidings: { event: { in: states.map((state) => `rare.job.${state}`) } },
        postGraphile: { event: { in: states.map((state) => `rare.job.${state}`) } },
        sql: `event in (${states.map((state) => `'rare.job.${state}'`).join(', ')})`,
      },
    ],
    [
      'resource',
      {
        tidings: { resource: { id: { in: [middle.resource.id] } } },
        postGraphile: { resourceId: { equalTo: middle.resource.id } },
        sql: `resource_id = '${middle.resource.id}'`,
      },
    ],
    [
      'label common',
      {
        tidings: { resource: { labels: [{ key: 'region', in: ['eu-west-1'] }] } },
        postGraphile: { labels: { contains: { region: 'eu-west-1' } } },
        sql: `labels @> '{"region": "eu-west-1"}'`,
      },
    ],
    [
      'role and id common',
      {
        tidings: { related: [{ role: ['flow'], id: { in: [flow.id] } }] },
        postGraphile: { related: { contains: [{ role: 'flow', id: flow.id }] } },
        sql: `related @> '[{"role": "flow", "id": "${flow.id}"}]'`,
      },
    ],
    [
      'prefix',
      {
        tidings: { resource: { id: { startsWith: [middle.resource.id.slice(0, 30)] } } },
        postGraphile: { resourceId: { startsWith: middle.resource.id.slice(0, 30) } },
        sql: `resource_id like '${middle.resource.id.slice(0, 30)}%'`,
      },
    ],
    [
      'glob rare',
      {
        tidings: { resource: { labels: [{ key: 'region', like: ['*rare-region*'] }] } },
        postGraphile: { region: { like: '%rare-region%' } },
        sql: `labels ->> 'region' like '%rare-region%'`,
      },
    ],
    [
      'text rare',
      { tidings: { text: 'rarethings' }, postGraphile: { searched: { like: '%rarethings%' } }, sql: `${searched} like '%rarethings%'` },
    ],
    [
      'payload rare',
      {
        tidings: { payload: [{ path: 'ticket', eq: 'rare-4711' }] },
        postGraphile: { payload: { contains: { ticket: 'rare-4711' } } },
        sql: `payload @> '{"ticket": "rare-4711"}'`,
      },
    ],
    ['two common, never together', validated('Running')],
    ['two common, 20 times together', validated('Pending')],
  ];
  return [byId(middle.id), ...pages.map(([name, filter]) => page(name, filter)), ...countCases(completed, completedSql), neighbours];
}

interface PageFilter {
  readonly tidings: EventFilterInput;
  readonly postGraphile: object;
  readonly sql: string;
}

function byId(id: string): ReadCase {
  return {
    name: 'id',
    tidings: { query: `query ($id: ID!) { event(id: $id) { ${tidingsFields} } }`, variables: { id } },
    postGraphile: { query: `query ($id: String!) { event: eventByRowId(rowId: $id) { ${postGraphileFields} } }`, variables: { id } },
    sql: `select ${columns} from peer.events where id = '${id}'`,
    said: (answer) => idsOf(Array.isArray(answer) ? answer : [answer.event]),
  };
}

/** A first page of 50, newest first. */
function page(name: string, { tidings, postGraphile, sql }: PageFilter): ReadCase {
  const info = 'pageInfo { hasNextPage endCursor }';
  return {
    name,
    tidings: {
      query: `query ($filter: EventFilter) { events(filter: $filter) { nodes { ${tidingsFields} } ${info} } }`,
      variables: { filter: tidings },
    },
    postGraphile: {
      query: `query ($filter: EventFilter) {
        events: allEvents(filter: $filter, first: 50, orderBy: [OCCURRED_DESC]) { nodes { ${postGraphileFields} } ${info} } }`,
      variables: { filter: postGraphile },
    },
    sql: `select ${columns} from peer.events where ${sql} order by occurred desc limit 50`,
    said: (answer) => idsOf(answer.events?.nodes ?? answer),
  };
}

interface Middle {
  readonly id: string;
  readonly resource: { readonly id: string };
  readonly related: readonly [{ readonly id: string }];
}

function middleOf(total: number): Middle {
  let left = Math.floor(total / 2) + 3;
  for (const event of workload(total)) if (left-- === 0) return event as unknown as Middle;
  throw new Error('too few events');
}

function idsOf(events: readonly { readonly id?: string; readonly rowId?: string }[]): readonly unknown[] {
  return events.map(({ id, rowId }) => rowId ?? id);
}

const states = ['Scheduled', 'Pending', 'Running', 'Completed', 'Failed', 'Crashed', 'Cancelled'];
const tidingsFields = 'id occurred event resource { resourceId } payload';
const postGraphileFields = 'rowId occurred event resourceId payload';
const columns = 'id, occurred, event, resource_id, payload';
const searched = 'peer.searched(event, resource_id, resource_name, labels, related, payload)';
