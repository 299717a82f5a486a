import { noColumn, type ChapterColumns, type Part } from '../../skip-index/columns/decoded-columns.ts';
import { columnsOf, type ColumnName } from '../../skip-index/columns/column-ref.ts';
import type { Times } from '../../skip-index/columns/column-chunks.ts';
import { microsOf, secondOf, type Instant } from '../../event/instant.ts';
import type { JsonObject, RelatedResource, StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { matches } from '../../filter/matches.ts';
import type { Value } from '../../skip-index/columns/encoding.ts';
import { relatedPart } from './related-column-filter.ts';

/** A filter that columns alone can answer. */
export interface ColumnFilter {
  /** For each event of a chapter whether it passes: 1, or 0. Null: all do. */
  passing(chapter: ChapterColumns): Uint8Array | null;
}

/**
 * How to filter by columns; `place` says where a column will be. Each condition must be about times alone, or about one or
 * a few other columns. Null: it takes more than they say. Promises the same as `matches` of the whole events.
 */
export function columnFilter(conditions: readonly Condition[], place: (column: ColumnName) => number): ColumnFilter | null {
  const times = conditions.flatMap((each) => (each.kind === 'during' && each.field === 'occurred' ? [each] : []));
  const parts: Part[] = [];
  for (const condition of conditions) {
    if (condition.kind === 'during' && condition.field === 'occurred') continue;
    const part = partOf(condition, place);
    if (part === null) return null;
    parts.push(part);
  }
  if (times.length + parts.length === 0) return { passing: () => null };
  const inTime = timeTest(times);
  return {
    passing(chapter) {
      const passing = new Uint8Array(chapter.times.seconds.length).fill(1);
      for (const part of parts) part(chapter, passing);
      if (inTime !== null) inTime(chapter.times, passing);
      return passing;
    },
  };
}

function partOf(condition: Condition, place: (column: ColumnName) => number): Part | null {
  const names = columnsOf(condition);
  if (names === null) return relatedPart(condition, place);
  if (names.length > mostOfPart) return null;
  const columns = { condition, names, places: names.map(place) };
  return (chapter, passing) => passEach(columns, chapter, passing);
}

/** A condition, and the columns that it is about, with their places. */
interface PartColumns {
  readonly condition: Condition;
  readonly names: readonly ColumnName[];
  readonly places: readonly number[];
}

/** Takes away what does not pass. Each combination of values is looked at once. */
function passEach({ condition, names, places }: PartColumns, { columns }: ChapterColumns, passing: Uint8Array): void {
  const own = places.map((place) => columns[place] ?? noColumn);
  const known = new Map<number, boolean>();
  for (let index = 0; index < passing.length; index += 1) {
    let combination = 0;
    for (const { values, of } of own) combination = combination * values.length + (of[index] ?? 0);
    let passes = known.get(combination);
    if (passes === undefined) {
      passes = matches(
        condition,
        eventOf(
          names,
          own.map(({ values, of }) => values[of[index] ?? 0] ?? null),
        ),
      );
      known.set(combination, passes);
    }
    if (!passes) passing[index] = 0;
  }
}

/** An event of which only these columns are known. */
function eventOf(names: readonly ColumnName[], values: readonly Value[]): StoredEvent {
  let [event, id] = ['', ''];
  const labels: [string, string][] = [];
  const related: RelatedResource[] = [];
  let payload: JsonObject = {};
  for (const [index, { kind, name }] of names.entries()) {
    const value = values[index] ?? null;
    if (kind === 'roles' && typeof value === 'object') related.push(...(value ?? []).map((role) => ({ role, id: '', labels: {} })));
    else if (kind === 'role' && typeof value === 'object')
      related.push(...(value ?? []).map((each) => ({ role: name, id: each, labels: {} })));
    else if (typeof value !== 'string') continue;
    else if (kind === 'event') event = value;
    else if (kind === 'resource') id = value;
    else if (kind === 'payload') payload = withValue(payload, JSON.parse(name) as readonly string[], JSON.parse(value));
    else labels.push([name, value]);
  }
  return { ...blank, event, resource: { id, labels: Object.fromEntries(labels) }, related, payload };
}

/** An object that has this value at a path as well, of which it has none yet. */
function withValue(object: JsonObject, [key = '', ...rest]: readonly string[], value: unknown): JsonObject {
  const here = Object.hasOwn(object, key) ? (object[key] as JsonObject) : {};
  // Not by a spread and a key, which `__proto__` would not be.
  return Object.fromEntries([...Object.entries(object), [key, rest.length === 0 ? value : withValue(here, rest, value)]]);
}

type During = Extract<Condition, { kind: 'during' }>;

function timeTest(ranges: readonly During[]): ((times: Times, passing: Uint8Array) => void) | null {
  if (ranges.length === 0) return null;
  const since = ranges.flatMap((each) => each.since ?? []).map(partsOf);
  const until = ranges.flatMap((each) => each.until ?? []).map(partsOf);
  return ({ seconds, micros }, passing) => {
    for (let index = 0; index < passing.length; index += 1) {
      const [second, micro] = [seconds[index] ?? 0, micros[index] ?? 0];
      const isIn =
        since.every((at) => second > at.second || (second === at.second && micro >= at.micros)) &&
        until.every((at) => second < at.second || (second === at.second && micro < at.micros));
      if (!isIn) passing[index] = 0;
    }
  };
}

function partsOf(instant: Instant): { readonly second: number; readonly micros: number } {
  return { second: secondOf(instant), micros: microsOf(instant) };
}

/** What no column of a part says. */
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
/** So that a combination of values can be told by one number. */
const mostOfPart = 4;
