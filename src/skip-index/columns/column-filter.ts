import { parseJson } from '../../json/parse-json.ts';
import { noColumn, type DecodedColumns, type SelectionStep } from './decoded-columns.ts';
import { columnsOf, type ColumnRef } from './column-ref.ts';
import type { Times } from './column-chunks.ts';
import { microsOf, secondOf, type Instant } from '../../event/instant.ts';
import type { JsonObject, RelatedResource, StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { matches } from '../../filter/matches.ts';
import type { Value } from './encoding.ts';
import { cached, maxCachedTexts, relatedSelectionStep } from './related-column-filter.ts';

/** A filter that needs only columns. */
export interface ColumnFilter {
  readonly needsTimes: boolean;
  /** The selected events of a row group: 1 or 0 each; null selects all. */
  selection(rowGroup: DecodedColumns): Uint8Array | null;
}

/**
 * Plans a filter over columns; `columnIndexOf` requests a column and returns its index. Each
 * condition must refer to times alone, or to at most `maxConditionColumns` other columns; null
 * otherwise.
 *
 * Guarantees: the same result as `matches` of the whole events.
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
  if (times.length + steps.length === 0) return { needsTimes: false, selection: () => null };
  const selectByTime = timeTest(times);
  return {
    needsTimes: selectByTime !== null,
    selection(rowGroup) {
      const selection = new Uint8Array(rowGroup.count).fill(1);
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
  const columnIndexes = refs.map(columnIndexOf);
  if (columnIndexes.length === 1) return singleColumnStep((value) => matches(condition, eventOf(refs, [value])), columnIndexes[0] ?? 0);
  const columns = { condition, refs, columnIndexes };
  return (rowGroup, selection) => selectByValues(columns, rowGroup, selection);
}

/** A condition, and the columns that it refers to, with their indexes. */
interface ConditionColumns {
  readonly condition: Condition;
  readonly refs: readonly ColumnRef[];
  readonly columnIndexes: readonly number[];
}

/** Deselects events that do not match. Evaluates each combination of values once. */
function selectByValues({ condition, refs, columnIndexes }: ConditionColumns, { columns }: DecodedColumns, selection: Uint8Array): void {
  const usedColumns = columnIndexes.map((columnIndex) => columns[columnIndex] ?? noColumn);
  const isMatch = (index: number): boolean => {
    const values = usedColumns.map((column) => column.values[column.codes[index] ?? 0] ?? null);
    return matches(condition, eventOf(refs, values));
  };
  const known = new Map<number, boolean>();
  for (let index = 0; index < selection.length; index += 1) {
    if (selection[index] === 0) continue;
    let combination = 0;
    for (const { values, codes } of usedColumns) combination = combination * values.length + (codes[index] ?? 0);
    let selected = known.get(combination);
    if (selected === undefined) {
      selected = isMatch(index);
      known.set(combination, selected);
    }
    if (!selected) selection[index] = 0;
  }
}

/** The same for one column, in a fraction of the time: evaluates each value once, and remembers texts for later row groups. */
function singleColumnStep(isMatch: (value: Value) => boolean, columnIndex: number): SelectionStep {
  const cache = new Map<string, boolean>();
  const isMatchOf = (value: Value): boolean => (typeof value === 'string' ? cached(cache, value, () => isMatch(value)) : isMatch(value));
  return ({ columns }, selection) => {
    if (cache.size > maxCachedTexts) cache.clear();
    const { values, codes } = columns[columnIndex] ?? noColumn;
    const matched = Uint8Array.from(values, (value) => (isMatchOf(value) ? 1 : 0));
    for (let index = 0; index < selection.length; index += 1) if (matched[codes[index] ?? 0] === 0) selection[index] = 0;
  };
}

/** An event with only these columns. */
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
    else if (kind === 'payload') payload = withValue(payload, JSON.parse(name) as readonly string[], parseJson(value));
    else labels.push([name, value]);
  }
  return { ...blankEvent, event, resource: { id, labels: Object.fromEntries(labels) }, related, payload };
}

/** A copy of `object` with a value at a path where it has none. */
function withValue(object: JsonObject, [key = '', ...rest]: readonly string[], value: unknown): JsonObject {
  const here = Object.hasOwn(object, key) ? (object[key] as JsonObject) : {};
  // Object.fromEntries makes a key such as `__proto__` an own property.
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

/** The fields that no column has. */
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
/** Keeps a combination of codes within one exact number. */
const maxConditionColumns = 4;
