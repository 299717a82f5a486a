import type { Times } from '../../skip-index/columns/column-chunks.ts';
import { groupsOf, type Codes, type Groups } from './group-by.ts';
import { noColumn, type ChapterColumns, type Column } from '../../skip-index/columns/decoded-columns.ts';
import { columnFilter } from './column-filter.ts';
import { isSame, labelColumn, type ColumnName } from '../../skip-index/columns/column-ref.ts';
import type { Dimension } from '../dimensions.ts';
import { firstSegments, payloadKey, type Key } from '../bucket-keys.ts';
import type { CountTable } from '../count-table.ts';
import type { Condition } from '../../filter/filter.ts';
import type { Value } from '../../skip-index/columns/encoding.ts';
import { payloadName } from '../../skip-index/columns/payload-columns.ts';

/** A count that columns alone can answer. */
export interface ColumnCount {
  /** The columns that it takes beside times. */
  readonly needs: readonly ColumnName[];
  /** Adds what a chapter has. */
  add(chapter: ChapterColumns, table: CountTable): void;
}

/**
 * How to count by columns events that meet all conditions; null: it takes more than they say. Promises the same as
 * `countKeys` of the events that `matches` lets pass.
 */
export function columnCount(conditions: readonly Condition[], dimensions: readonly Dimension[]): ColumnCount | null {
  if (dimensions.length > mostDimensions) return null;
  const needs: ColumnName[] = [];
  const place = (column: ColumnName): number => {
    const known = needs.findIndex((each) => isSame(each, column));
    return known === -1 ? needs.push(column) - 1 : known;
  };
  const filter = columnFilter(conditions, place);
  const columns = dimensions.map((dimension) => columnOf(dimension));
  if (filter === null) return null;
  const places = columns.map((column) => (column === 'TIME' ? null : place(column)));
  if (needs.length > mostColumns) return null;
  return {
    needs,
    add(chapter, table) {
      const passing = filter.passing(chapter);
      const codes = dimensions.map((dimension, index) => codesOf(dimension, chapter, chapter.columns[places[index] ?? -1] ?? null));
      addGroups(groupsOf(chapter.times, codes, passing), { codes, times: chapter.times, table });
    },
  };
}

function columnOf(dimension: Dimension): ColumnName | 'TIME' {
  switch (dimension.kind) {
    case 'time':
      return 'TIME';
    case 'event':
    case 'resource':
      return { kind: dimension.kind, name: '' };
    case 'label':
      return labelColumn(dimension.label);
    case 'role':
      return { kind: 'role', name: dimension.role };
    case 'payload':
      return { kind: 'payload', name: payloadName(dimension.path) };
    default:
      return dimension satisfies never;
  }
}

function codesOf(dimension: Dimension, { times }: ChapterColumns, column: Column | null): Codes {
  if (dimension.kind === 'time') return timesOf(dimension, times);
  const { values, of } = column ?? noColumn;
  if (dimension.kind === 'role') return { keys: values.map(idsOf), of };
  if (dimension.kind === 'payload') return { keys: values.map((value) => payloadKey(jsonOf(value))), of };
  if (!('segments' in dimension) || dimension.segments === null) return { keys: values.map(textOf), of };
  // Different texts may begin alike.
  const known = new Map<Key, number>();
  const codes = values.map((value) => codeIn(known, firstSegments(textOf(value) ?? '', dimension.segments)));
  return { keys: [...known.keys()], of: of.map((at) => codes[at] ?? 0) };
}

function timesOf({ calendar }: Extract<Dimension, { kind: 'time' }>, { seconds }: Times): Codes {
  const known = new Map<Key, number>();
  const of = new Uint16Array(seconds.length);
  let span = { start: Infinity, end: -Infinity };
  let code = 0;
  for (let index = 0; index < of.length; index += 1) {
    const second = seconds[index] ?? 0;
    if (second < span.start || second >= span.end) {
      span = calendar.spanAt(second);
      code = codeIn(known, span.start);
    }
    of[index] = code;
  }
  return { keys: [...known.keys()], of };
}

function codeIn(known: Map<Key, number>, key: Key): number {
  const code = known.get(key) ?? known.size;
  known.set(key, code);
  return code;
}

function textOf(value: Value): string | null {
  return typeof value === 'string' ? value : null;
}

/** A value of a payload; undefined where an event has none. */
function jsonOf(value: Value): unknown {
  return typeof value === 'string' ? JSON.parse(value) : undefined;
}

function idsOf(value: Value): readonly Key[] {
  return typeof value !== 'object' || value === null || value.length === 0 ? [null] : value;
}

function addGroups(
  { size, counts, first, last }: Groups,
  { codes, times: { seconds, micros }, table }: { readonly codes: readonly Codes[]; readonly times: Times; readonly table: CountTable },
): void {
  const [one] = codes.length === 1 ? codes : [];
  // One for all groups, since there may be very many; a table keeps none.
  const tally = { count: 0, firstSecond: 0, firstMicros: 0, lastSecond: 0, lastMicros: 0 };
  for (let group = 0; group < size; group += 1) {
    const from = first[group] ?? 0;
    const to = last[group] ?? 0;
    tally.count = counts[group] ?? 0;
    tally.firstSecond = seconds[from] ?? 0;
    tally.firstMicros = micros[from] ?? 0;
    tally.lastSecond = seconds[to] ?? 0;
    tally.lastMicros = micros[to] ?? 0;
    const key = one?.keys[one.of[from] ?? 0];
    if (typeof key === 'string') table.addText(key, tally);
    else for (const keys of keysOf(codes, from)) table.add(keys, tally);
    table.total += tally.count;
  }
}

/** The lists of keys of an event. */
function keysOf(codes: readonly Codes[], event: number): readonly (readonly Key[])[] {
  return codes.reduce<readonly (readonly Key[])[]>(
    (lists, { keys, of }) => {
      const own = keys[of[event] ?? 0] ?? null;
      return lists.flatMap((list) => (typeof own === 'object' && own !== null ? own.map((key) => [...list, key]) : [[...list, own]]));
    },
    [[]],
  );
}

/** So that the codes of an event can be told by one number. */
const mostDimensions = 4;
/** Beside times. Each is another join. */
const mostColumns = 12;
