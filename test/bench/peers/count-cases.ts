import type { CountByInput } from '../../../src/counts/dimensions.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import type { Answer, ReadCase } from './read-case.ts';

/** Counts of all events, and of those that match. */
export function countCases(filter: EventFilterInput, where: string): readonly ReadCase[] {
  const counted = (name: string, variables: { readonly filter?: EventFilterInput; readonly by: CountByInput }, sql: string): ReadCase => ({
    name,
    tidings: {
      query: `query ($filter: EventFilter, $by: CountBy!, $order: CountOrder!, $first: Int!) {
        eventCounts(filter: $filter, by: [$by], order: $order, first: $first) { buckets { keys count } total } }`,
      variables: { order: 'time' in variables.by ? 'KEY' : 'MOST_FIRST', first: 'time' in variables.by ? 10_000 : 100, ...variables },
    },
    postGraphile: null,
    sql,
    said: (answer) =>
      (answer.eventCounts?.buckets ?? answer).map(({ count }: { count: number | string }) => Number(count)).toSorted(descending),
  });
  const byHour = (condition: string): string =>
    `select date_trunc('hour', occurred, 'UTC') as hour, count(*) from peer.events where ${condition} group by 1 order by 1`;
  return [
    counted('count by hour', { by: { time: { unit: 'HOUR' } } }, byHour('true')),
    counted('count by hour of one name', { filter, by: { time: { unit: 'HOUR' } } }, byHour(where)),
    counted(
      'top 100 resources',
      { by: { resource: {} } },
      'select resource_id, count(*) from peer.events group by 1 order by 2 desc, 1 limit 100',
    ),
    {
      name: 'capped count',
      tidings: {
        query: 'query ($filter: EventFilter) { events(filter: $filter, first: 0) { totalCount(max: 10000) { count exceeded } } }',
        variables: { filter },
      },
      postGraphile: null,
      sql: `select least(count(*), 10000) as count, count(*) > 10000 as exceeded from
        (select from peer.events where ${where} limit 10001) _`,
      said: (answer) => Number((answer.events?.totalCount ?? answer[0]).count),
    },
  ];
}

/** 20 events, the resources related to each, and the newest 3 events that mention each of those. */
export const neighbours: ReadCase = {
  name: '20 events, related, 3 of each',
  tidings: {
    query: `{ events(first: 20) { nodes { id occurred event
      related { role resourceId resource { events(first: 3) { nodes { id } } } } } } }`,
    variables: {},
  },
  postGraphile: null,
  // "offset 0" makes Postgres go through the newest events until it has found three.
  sql: `select id, occurred, event, (
      select json_agg(json_build_object('role', r ->> 'role', 'resourceId', r ->> 'id', 'events', array(
        select m.id from (select * from peer.events order by occurred desc offset 0) m
        where m.resource_id = r ->> 'id' or m.related @> jsonb_build_array(jsonb_build_object('id', r ->> 'id'))
        limit 3
      ))) from jsonb_array_elements(related) r
    ) as related
    from (select * from peer.events order by occurred desc limit 20) e order by occurred desc`,
  said: (answer) =>
    (answer.events?.nodes ?? answer).map(({ id, related }: Answer) => [
      id,
      related.map(({ resource, events }: Answer) => (events ?? resource.events.nodes).map((each: Answer) => each.id ?? each)),
    ]),
};

function descending(a: number, b: number): number {
  return b - a;
}
