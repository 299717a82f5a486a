import type { Counts, EventFilter, TidingsReader } from '../../client/tidings-client.ts';
import { containing, countFilter, dimensionOf } from './count-request.ts';
import type { Field } from './without-field.ts';
import { rowsOfLevel, rowsOfValues, type KeyCount, type ValueRow } from './value-rows.ts';

/** Which values are counted. */
export interface ValuesRequest {
  /** The filter of the list. */
  readonly filter: EventFilter;
  readonly field: Field;
  /** Only names that begin with it and a dot. */
  readonly prefix: string | null;
  /** Counts by the first segments of names; null: by whole values. */
  readonly segments: number | null;
  /** Only values that contain this text; empty: all. */
  readonly search: string;
  readonly first: number;
}

export interface Values {
  /** The most frequent ones first. */
  readonly rows: readonly ValueRow[];
  /** There are more than `first`. */
  readonly isMore: boolean;
}

export async function loadValues(client: TidingsReader, request: ValuesRequest, signal: AbortSignal): Promise<Values> {
  const { filter, field, prefix, segments, search, first } = request;
  const names = search === '' ? (prefix === null ? null : { startsWith: [`${prefix}.`] }) : containing(search);
  const most = { first: first + 1, order: 'MOST_FIRST', signal } as const;
  const groups = keyCounts(await client.counts({ by: [dimensionOf(field, segments)], filter: countFilter(filter, field, names), ...most }));
  const isMore = groups.filter(({ key }) => key !== null).length > first;
  if (segments === null) {
    // Events with several resources in a role are counted by each of them, not only by those found.
    const found = search === '' ? groups : groups.filter(({ key }) => key?.includes(search) === true);
    return { rows: rowsOfValues(found).slice(0, first), isMore };
  }
  const keys = groups.flatMap(({ key }) => key ?? []).slice(0, first);
  if (keys.length === 0) return { rows: [], isMore };
  const whole = await client.counts({ by: [dimensionOf(field, null)], filter: countFilter(filter, field, { in: keys }), ...most });
  return { rows: rowsOfLevel(groups.slice(0, first), keyCounts(whole)), isMore };
}

function keyCounts({ buckets }: Counts): readonly KeyCount[] {
  return buckets.map(({ keys, count }) => ({ key: keys[0] ?? null, count }));
}
