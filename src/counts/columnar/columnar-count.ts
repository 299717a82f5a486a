import { parseJson } from '../../json/parse-json.ts';
import type { Times } from '../../skip-index/columns/column-chunks.ts';
import { groupsOf, type DimensionCodes, type Groups } from './group-by.ts';
import { noColumn, type DecodedColumns, type Column } from '../../skip-index/columns/decoded-columns.ts';
import { columnFilter } from '../../skip-index/columns/column-filter.ts';
import { indexOfColumn, labelColumnRef, type ColumnRef } from '../../skip-index/columns/column-ref.ts';
import type { Dimension } from '../dimensions.ts';
import { combinationsOf, firstSegments, payloadKey, type Key } from '../bucket-keys.ts';
import type { CountTable } from '../count-table.ts';
import type { Condition } from '../../filter/filter.ts';
import type { Value } from '../../skip-index/columns/encoding.ts';
import { payloadName } from '../../skip-index/columns/payload-columns.ts';

/** A count that needs only columns. */
export interface ColumnarCount {
  /** The columns that it reads, besides times. */
  readonly needs: readonly ColumnRef[];
  /** Adds the events of a row group. */
  add(rowGroup: DecodedColumns, table: CountTable): void;
}

/**
 * Plans a count over columns of the events that meet all conditions; null if columns are not
 * sufficient.
 *
 * Guarantees: the same counts as `bucketKeys` over the events for which `matches` holds.
 */
export function columnarCount(conditions: readonly Condition[], dimensions: readonly Dimension[]): ColumnarCount | null {
  if (dimensions.length > maxDimensions) return null;
  const needs: ColumnRef[] = [];
  const columnIndexOf = (column: ColumnRef): number => indexOfColumn(needs, column);
  const filter = columnFilter(conditions, columnIndexOf);
  const columns = dimensions.map((dimension) => columnOf(dimension));
  if (filter === null) return null;
  const columnIndexes = columns.map((column) => (column === 'TIME' ? null : columnIndexOf(column)));
  if (needs.length > maxColumns) return null;
  return {
    needs,
    add(rowGroup, table) {
      const selection = filter.selection(rowGroup);
      const dimensionCodes = dimensions.map((dimension, index) =>
        codesOf(dimension, rowGroup, rowGroup.columns[columnIndexes[index] ?? -1] ?? null),
      );
      addGroups(groupsOf(rowGroup.times, dimensionCodes, selection), { dimensionCodes, times: rowGroup.times, table });
    },
  };
}

function columnOf(dimension: Dimension): ColumnRef | 'TIME' {
  switch (dimension.kind) {
    case 'time':
      return 'TIME';
    case 'event':
    case 'resource':
      return { kind: dimension.kind, name: '' };
    case 'label':
      return labelColumnRef(dimension.label);
    case 'role':
      return { kind: 'role', name: dimension.role };
    case 'payload':
      return { kind: 'payload', name: payloadName(dimension.path) };
    default:
      return dimension satisfies never;
  }
}

function codesOf(dimension: Dimension, { times }: DecodedColumns, column: Column | null): DimensionCodes {
  if (dimension.kind === 'time') return timesOf(dimension, times);
  const { values, codes } = column ?? noColumn;
  if (dimension.kind === 'role') return { keys: values.map(idsOf), codes };
  if (dimension.kind === 'payload') return { keys: values.map((value) => payloadKey(jsonOf(value))), codes };
  if (!('segments' in dimension) || dimension.segments === null) return { keys: values.map(textOf), codes };
  // Different texts can have the same first segments.
  const known = new Map<Key, number>();
  const prefixCodes = values.map((value) => codeIn(known, firstSegments(textOf(value) ?? '', dimension.segments)));
  return { keys: [...known.keys()], codes: codes.map((code) => prefixCodes[code] ?? 0) };
}

function timesOf({ calendar }: Extract<Dimension, { kind: 'time' }>, { seconds }: Times): DimensionCodes {
  const known = new Map<Key, number>();
  const codes = new Uint16Array(seconds.length);
  let interval = { start: Infinity, end: -Infinity };
  let code = 0;
  for (let index = 0; index < codes.length; index += 1) {
    const second = seconds[index] ?? 0;
    if (second < interval.start || second >= interval.end) {
      interval = calendar.intervalAt(second);
      code = codeIn(known, interval.start);
    }
    codes[index] = code;
  }
  return { keys: [...known.keys()], codes };
}

function codeIn(known: Map<Key, number>, key: Key): number {
  const code = known.get(key) ?? known.size;
  known.set(key, code);
  return code;
}

function textOf(value: Value): string | null {
  return typeof value === 'string' ? value : null;
}

/** A payload value; undefined if the event has none. */
function jsonOf(value: Value): unknown {
  return typeof value === 'string' ? parseJson(value) : undefined;
}

function idsOf(value: Value): readonly Key[] {
  return typeof value !== 'object' || value === null || value.length === 0 ? [null] : value;
}

function addGroups(
  { size, counts, first, last }: Groups,
  {
    dimensionCodes,
    times: { seconds, micros },
    table,
  }: { readonly dimensionCodes: readonly DimensionCodes[]; readonly times: Times; readonly table: CountTable },
): void {
  const [single] = dimensionCodes.length === 1 ? dimensionCodes : [];
  // One object for all groups: there can be very many, and the table keeps no reference.
  const stats = { count: 0, firstSecond: 0, firstMicros: 0, lastSecond: 0, lastMicros: 0 };
  for (let group = 0; group < size; group += 1) {
    const from = first[group] ?? 0;
    const to = last[group] ?? 0;
    stats.count = counts[group] ?? 0;
    stats.firstSecond = seconds[from] ?? 0;
    stats.firstMicros = micros[from] ?? 0;
    stats.lastSecond = seconds[to] ?? 0;
    stats.lastMicros = micros[to] ?? 0;
    const key = single?.keys[single.codes[from] ?? 0];
    if (typeof key === 'string') table.addText(key, stats);
    else for (const keys of keysOf(dimensionCodes, from)) table.add(keys, stats);
    table.total += stats.count;
  }
}

/** The key lists of an event: one for each bucket that it is in. */
function keysOf(dimensionCodes: readonly DimensionCodes[], event: number): readonly (readonly Key[])[] {
  return combinationsOf(
    dimensionCodes.map(({ keys, codes }) => {
      const keyOrKeys = keys[codes[event] ?? 0] ?? null;
      return typeof keyOrKeys === 'object' && keyOrKeys !== null ? keyOrKeys : [keyOrKeys];
    }),
  );
}

/** Keeps the combination of an event's codes within one exact number. */
const maxDimensions = 4;
/** Besides times. Each column is another join. */
const maxColumns = 12;
