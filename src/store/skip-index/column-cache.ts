import { LRUCache } from 'lru-cache';
import type { Position } from '../../event/cursor.ts';
import type { ColumnRef } from '../../skip-index/columns/column-ref.ts';
import type { Column, DecodedColumns } from '../../skip-index/columns/decoded-columns.ts';
import type { Database } from '../database/database.ts';

/**
 * Decoded columns of row groups, in bounded memory. Reading and decoding them takes most of the time
 * of a count.
 *
 * Assumes: a row group does not change while a program uses one server, for which
 * `Database.identity` stands.
 *
 * Does not guarantee: that the events of a row group are still in the log.
 */
export interface ColumnCache {
  /** The row group that ends at `last`; null unless all requested columns are cached. */
  get(last: Position): DecodedColumns | null;
  set(last: Position, rowGroup: DecodedColumns): void;
}

/** The cache of a database, for reads of these columns. */
export function columnCacheOf(
  { identity }: Database,
  { needs, needsTimes }: { readonly needs: readonly ColumnRef[]; readonly needsTimes: boolean },
): ColumnCache {
  const caches = perDatabase.get(identity) ?? {
    times: new BoundedCache<CountAndTimes>(maxTimesBytes),
    columns: new BoundedCache<Column>(maxColumnsBytes),
  };
  perDatabase.set(identity, caches);
  const timesName = needsTimes ? 'times' : 'count';
  const names = needs.map(({ kind, name }) => `${kind} ${name}`);
  return {
    get(last) {
      const countAndTimes = caches.times.get(`${last} ${timesName}`);
      if (countAndTimes === undefined) return null;
      const columns: Column[] = [];
      for (const name of names) {
        const column = caches.columns.get(`${last} ${name}`);
        if (column === undefined) return null;
        columns.push(column);
      }
      return { ...countAndTimes, columns };
    },
    set(last, { count, times, columns }) {
      caches.times.set(`${last} ${timesName}`, { count, times }, times.seconds.byteLength + times.micros.byteLength);
      for (const [index, column] of columns.entries()) caches.columns.set(`${last} ${names[index]}`, column, bytesOf(column));
    },
  };
}

type CountAndTimes = Pick<DecodedColumns, 'count' | 'times'>;

/**
 * Evicts what was not used for the longest time. When it is full, it admits only some of the new entries: a
 * repeated count of more than it can hold would otherwise evict each entry before its next use.
 */
class BoundedCache<T extends object> {
  private readonly entries: LRUCache<string, T>;
  private rejected = 0;

  constructor(private readonly maxBytes: number) {
    this.entries = new LRUCache<string, T>({ maxSize: maxBytes });
  }

  get(key: string): T | undefined {
    return this.entries.get(key);
  }

  set(key: string, value: T, bytes: number): void {
    const size = bytes + entryBytes;
    const isFull = this.entries.calculatedSize + size > this.maxBytes;
    this.rejected = isFull ? (this.rejected + 1) % admissionInterval : 0;
    if (this.rejected === 0) this.entries.set(key, value, { size });
  }
}

function bytesOf({ values, codes, roles = [] }: Column): number {
  let bytes = codes.byteLength;
  for (const value of values) {
    for (const text of typeof value === 'string' ? [value] : (value ?? [])) bytes += text.length + textBytes;
  }
  return roles.reduce((sum, { column }) => sum + bytesOf(column), bytes);
}

/** Another log has another identity. */
const perDatabase = new WeakMap<object, { readonly times: BoundedCache<CountAndTimes>; readonly columns: BoundedCache<Column> }>();
/** The times of some 2 million events. */
const maxTimesBytes = 24_000_000;
const maxColumnsBytes = 40_000_000;
/** What an entry takes besides its arrays and texts, and a text besides its characters; measured on Node 20. */
const entryBytes = 500;
const textBytes = 48;
/** One of so many entries is admitted when the cache is full. */
const admissionInterval = 8;
