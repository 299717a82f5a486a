import { noColumn, type DecodedColumns, type SelectionStep } from '../../skip-index/columns/decoded-columns.ts';
import { columnsOf, type ColumnRef } from '../../skip-index/columns/column-ref.ts';
import type { Times } from '../../skip-index/columns/column-chunks.ts';
import { microsOf, secondOf, type Instant } from '../../event/instant.ts';
import type { JsonObject, RelatedResource, StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { matches } from '../../filter/matches.ts';
import type { Value } from '../../skip-index/columns/encoding.ts';
import { relatedSelectionStep } from './related-column-filter.ts';

/** A filter that columns alone can answer. */
export interface ColumnFilter {
  /** For each event of a chapter whether it passes: 1, or 0. Null: all do. */
  selection(rowGroup: DecodedColumns): Uint8Array | null;
}

/**
 * How to filter by columns; `place` says where a column will be. Each condition must be about times alone, or about one or
 * a few other columns. Null: it takes more than they say. Promises the same as `matches` of the whole events.
 */
export function columnFilter(conditions: readonly Condition[], columnIndexOf: (column: ColumnRef) => number): ColumnFilter | null {
  const times = conditions.flatMap((each) => (each.kind === 'during' && each.field === 'occurred' ? [each] : []));
  const steps: SelectionStep[] = [];
  for (const condition of conditions) {
    if (condition.kind === 'during' && condition.field === 'occurred') continue;
    const step = selectionStepOf(condition, columnIndexOf);
    if (step === null) return null;
    steps.push(step);
  }
  if (times.length + steps.length === 0) return { selection: () => null };
  const selectByTime = timeTest(times);
  return {
    selection(rowGroup) {
      const selection = new Uint8Array(rowGroup.times.seconds.length).fill(1);
      for (const step of steps) step(rowGroup, selection);
      if (selectByTime !== null) selectByTime(rowGroup.times, selection);
      return selection;
    },
  };
}

function selectionStepOf(condition: Condition, columnIndexOf: (column: ColumnRef) => number): SelectionStep | null {
  const refs = columnsOf(condition);
  if (refs === null) return relatedSelectionStep(condition, columnIndexOf);
  if (refs.length > maxConditionColumns) return null;
  const columns = { condition, refs, columnIndexes: refs.map(columnIndexOf) };
  return (rowGroup, selection) => selectByValues(columns, rowGroup, selection);
}

/** A condition, and the columns that it is about, with their places. */
interface ConditionColumns {
  readonly condition: Condition;
  readonly refs: readonly ColumnRef[];
  readonly columnIndexes: readonly number[];
}

/** Takes away what does not pass. Each combination of values is looked at once. */
function selectByValues({ condition, refs, columnIndexes }: ConditionColumns, { columns }: DecodedColumns, selection: Uint8Array): void {
  const usedColumns = columnIndexes.map((columnIndex) => columns[columnIndex] ?? noColumn);
  const known = new Map<number, boolean>();
  for (let index = 0; index < selection.length; index += 1) {
    let combination = 0;
    for (const { values, codes } of usedColumns) combination = combination * values.length + (codes[index] ?? 0);
    let isMatch = known.get(combination);
    if (isMatch === undefined) {
      isMatch = matches(
        condition,
        eventOf(
          refs,
          usedColumns.map(({ values, codes }) => values[codes[index] ?? 0] ?? null),
        ),
      );
      known.set(combination, isMatch);
    }
    if (!isMatch) selection[index] = 0;
  }
}

/** An event of which only these columns are known. */
function eventOf(refs: readonly ColumnRef[], values: readonly Value[]): StoredEvent {
  let [event, id] = ['', ''];
  const labels: [string, string][] = [];
  const related: RelatedResource[] = [];
  let payload: JsonObject = {};
  for (const [index, { kind, name }] of refs.entries()) {
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
  return { ...blankEvent, event, resource: { id, labels: Object.fromEntries(labels) }, related, payload };
}

/** An object that has this value at a path as well, of which it has none yet. */
function withValue(object: JsonObject, [key = '', ...rest]: readonly string[], value: unknown): JsonObject {
  const here = Object.hasOwn(object, key) ? (object[key] as JsonObject) : {};
  // Not by a spread and a key, which `__proto__` would not be.
  return Object.fromEntries([...Object.entries(object), [key, rest.length === 0 ? value : withValue(here, rest, value)]]);
}

type During = Extract<Condition, { kind: 'during' }>;

function timeTest(ranges: readonly During[]): ((times: Times, selection: Uint8Array) => void) | null {
  if (ranges.length === 0) return null;
  const since = ranges.flatMap((each) => each.since ?? []).map(secondAndMicrosOf);
  const until = ranges.flatMap((each) => each.until ?? []).map(secondAndMicrosOf);
  return ({ seconds, micros }, selection) => {
    for (let index = 0; index < selection.length; index += 1) {
      const [second, micro] = [seconds[index] ?? 0, micros[index] ?? 0];
      const isIn =
        since.every((at) => second > at.second || (second === at.second && micro >= at.micros)) &&
        until.every((at) => second < at.second || (second === at.second && micro < at.micros));
      if (!isIn) selection[index] = 0;
    }
  };
}

function secondAndMicrosOf(instant: Instant): { readonly second: number; readonly micros: number } {
  return { second: secondOf(instant), micros: microsOf(instant) };
}

/** What no column of a part says. */
const blankEvent: StoredEvent = {
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
const maxConditionColumns = 4;
