import type { Times } from './columns.ts';
import type { Dimension } from './count-by.ts';
import { firstSegments, microsOf, secondOf, type Key } from './count-keys.ts';
import type { CountTable } from './count-table.ts';
import { labelKeys, type StoredEvent } from './event.ts';
import type { Condition, ResourceTest } from './filter.ts';
import type { Instant } from './instant.ts';
import { matches } from './matches.ts';

/** What of a chapter's columns a count needs; null where it needs none of it. */
export interface ChapterColumns {
  readonly times: Times;
  readonly names: Texts | null;
  readonly resources: Texts | null;
}

export interface Texts {
  readonly texts: readonly string[];
  /** For each event, which of the texts it has. */
  readonly of: Uint16Array;
}

/** A count that columns alone can answer. */
export interface ColumnCount {
  readonly needs: { readonly names: boolean; readonly resources: boolean };
  /** Adds what a chapter has. */
  add(columns: ChapterColumns, table: CountTable): void;
}

/**
 * How to count by columns; null: it takes more than they say. Each part of the filter must be about one of time, name and
 * resource id. Promises the same as `countKeys` of the events that `matches` lets pass.
 */
export function columnCount(filter: readonly Condition[], dimensions: readonly Dimension[]): ColumnCount | null {
  const about = filter.map(columnOf);
  if (about.includes(null) || dimensions.length > mostDimensions) return null;
  if (!dimensions.every(({ kind }) => kind === 'time' || kind === 'event' || kind === 'resource')) return null;
  const conditions = (column: Column): readonly Condition[] => filter.filter((_, index) => about[index] === column);
  const parts = { names: conditions('names'), resources: conditions('resources'), time: conditions('time') };
  const has = (kind: Dimension['kind']): boolean => dimensions.some((each) => each.kind === kind);
  const needs = { names: parts.names.length > 0 || has('event'), resources: parts.resources.length > 0 || has('resource') };
  const filtering = { ...parts, timePasses: timeTest(parts.time) };
  return {
    needs,
    add(columns, table) {
      const { seconds, micros } = columns.times;
      const codes = dimensions.map((dimension) => codesOf(dimension, columns));
      const { size, counts, first, last } = groupsOf(columns, codes, filtering);
      for (let group = 0; group < size; group += 1) {
        const [from, to] = [first[group] ?? 0, last[group] ?? 0];
        const count = counts[group] ?? 0;
        table.add(
          codes.map(({ keys, of }) => keys[of[from] ?? 0] ?? null),
          {
            count,
            firstSecond: seconds[from] ?? 0,
            firstMicros: micros[from] ?? 0,
            lastSecond: seconds[to] ?? 0,
            lastMicros: micros[to] ?? 0,
          },
        );
        table.total += count;
      }
    },
  };
}

type Column = 'time' | 'names' | 'resources';

function columnOf(condition: Condition): Column | null {
  switch (condition.kind) {
    case 'all':
    case 'any': {
      const [first = null, ...others] = condition.of.map(columnOf);
      return others.every((each) => each === first) && first !== 'time' ? first : null;
    }
    case 'not': {
      const of = columnOf(condition.of);
      return of === 'time' ? null : of;
    }
    case 'oneOf':
    case 'startsWith':
      return condition.field === 'event' ? 'names' : null;
    case 'during':
      return condition.field === 'occurred' ? 'time' : null;
    case 'resource':
      return condition.among === 'primary' && isOfId(condition.passes) ? 'resources' : null;
    default:
      return null;
  }
}

function isOfId(test: ResourceTest): boolean {
  switch (test.kind) {
    case 'all':
    case 'any':
      return test.of.every(isOfId);
    case 'not':
      return isOfId(test.of);
    default:
      return test.label === labelKeys.id;
  }
}

interface Filtering {
  readonly names: readonly Condition[];
  readonly resources: readonly Condition[];
  readonly timePasses: (second: number, micros: number) => boolean;
}

/** What one dimension says of each event, as a number that tells its key. */
interface Codes {
  readonly keys: readonly Key[];
  readonly of: Uint16Array;
}

/** Events of a chapter with the same keys, by numbers from 0: no object for each, since there may be hundreds. */
interface Groups {
  readonly size: number;
  readonly counts: Uint32Array;
  /** Which event of each occurred first, and last. */
  readonly first: Uint32Array;
  readonly last: Uint32Array;
}

function groupsOf({ times, names, resources }: ChapterColumns, codes: readonly Codes[], filtering: Filtering): Groups {
  const namePasses = passing(names, filtering.names, (event) => ({ event }));
  const resourcePasses = passing(resources, filtering.resources, (id) => ({ resource: { id, labels: {} } }));
  const events = times.seconds.length;
  const [counts, first, last] = [new Uint32Array(events), new Uint32Array(events), new Uint32Array(events)];
  const numbers = new Map<number, number>();
  for (let index = 0; index < events; index += 1) {
    if (namePasses !== null && namePasses[names?.of[index] ?? 0] !== true) continue;
    if (resourcePasses !== null && resourcePasses[resources?.of[index] ?? 0] !== true) continue;
    if (!filtering.timePasses(times.seconds[index] ?? 0, times.micros[index] ?? 0)) continue;
    let name = 0;
    for (const { keys, of } of codes) name = name * keys.length + (of[index] ?? 0);
    const group = numbers.get(name);
    if (group === undefined) {
      first[numbers.size] = last[numbers.size] = index;
      counts[numbers.size] = 1;
      numbers.set(name, numbers.size);
      continue;
    }
    counts[group] = (counts[group] ?? 0) + 1;
    if (isBefore(times, index, first[group] ?? 0)) first[group] = index;
    else if (isBefore(times, last[group] ?? 0, index)) last[group] = index;
  }
  return { size: numbers.size, counts, first, last };
}

function codesOf(dimension: Dimension, { times, names, resources }: ChapterColumns): Codes {
  const known = new Map<Key, number>();
  const codeOf = (key: Key): number => {
    const code = known.get(key) ?? known.size;
    known.set(key, code);
    return code;
  };
  if (dimension.kind === 'time') {
    let span = { start: Infinity, end: -Infinity };
    let code = 0;
    const of = new Uint16Array(times.seconds.length);
    for (let index = 0; index < of.length; index += 1) {
      const second = times.seconds[index] ?? 0;
      if (second < span.start || second >= span.end) {
        span = dimension.calendar.spanAt(second);
        code = codeOf(span.start);
      }
      of[index] = code;
    }
    return { keys: [...known.keys()], of };
  }
  const column = dimension.kind === 'event' ? names : resources;
  const segments = 'segments' in dimension ? dimension.segments : null;
  const codes = (column?.texts ?? []).map((text) => codeOf(firstSegments(text, segments)));
  return { keys: [...known.keys()], of: (column?.of ?? new Uint16Array()).map((at) => codes[at] ?? 0) };
}

/** Which texts let an event pass; null: all do. */
function passing(
  column: Texts | null,
  conditions: readonly Condition[],
  event: (text: string) => Partial<StoredEvent>,
): readonly boolean[] | null {
  if (column === null || conditions.length === 0) return null;
  return column.texts.map((text) => conditions.every((condition) => matches(condition, { ...blank, ...event(text) })));
}

function timeTest(conditions: readonly Condition[]): Filtering['timePasses'] {
  const ranges = conditions.flatMap((each) => (each.kind === 'during' ? [each] : []));
  const since = ranges.flatMap((each) => each.since ?? []).map(partsOf);
  const until = ranges.flatMap((each) => each.until ?? []).map(partsOf);
  if (ranges.length === 0) return () => true;
  return (second, micros) =>
    since.every((at) => second > at.second || (second === at.second && micros >= at.micros)) &&
    until.every((at) => second < at.second || (second === at.second && micros < at.micros));
}

function partsOf(instant: Instant): { readonly second: number; readonly micros: number } {
  return { second: secondOf(instant), micros: microsOf(instant) };
}

function isBefore({ seconds, micros }: Times, a: number, b: number): boolean {
  const difference = (seconds[a] ?? 0) - (seconds[b] ?? 0);
  return difference === 0 ? (micros[a] ?? 0) < (micros[b] ?? 0) : difference < 0;
}

/** What no part of a filter for columns looks at. */
const blank: StoredEvent = {
  id: '',
  event: '',
  occurred: '0000-01-01T00:00:00.000000Z' as Instant,
  received: '0000-01-01T00:00:00.000000Z' as Instant,
  position: 0 as StoredEvent['position'],
  resource: { id: '', labels: {} },
  related: [],
  payload: {},
  follows: null,
};
/** So that the keys of an event in a chapter can be told by one number. */
const mostDimensions = 4;
