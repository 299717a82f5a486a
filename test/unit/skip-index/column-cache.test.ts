import { expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import type { ColumnRef } from '../../../src/skip-index/columns/column-ref.ts';
import type { DecodedColumns } from '../../../src/skip-index/columns/decoded-columns.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { columnCacheOf } from '../../../src/store/skip-index/column-cache.ts';

const name: ColumnRef = { kind: 'event', name: '' };
const region: ColumnRef = { kind: 'label', name: 'region' };

test('a row group is found with exactly the requested columns, in their order', () => {
  const database = anyDatabase();
  const cache = (needs: readonly ColumnRef[], needsTimes: boolean) => columnCacheOf(database, { needs, needsTimes });
  const rowGroup = { ...rowGroupOf(1), columns: [column('a'), column('eu')] };
  cache([name, region], true).set(at(7), rowGroup);

  expect(cache([name, region], true).get(at(7))).toEqual(rowGroup);
  expect(cache([region, name], true).get(at(7))).toEqual({ ...rowGroup, columns: [column('eu'), column('a')] });
  expect(cache([name], true).get(at(7))).toEqual({ ...rowGroup, columns: [column('a')] });
  expect(cache([{ kind: 'label', name: '' }], true).get(at(7))).toBeNull();
  expect(cache([name], false).get(at(7))).toBeNull();
  expect(cache([name], true).get(at(8))).toBeNull();
  expect(columnCacheOf(anyDatabase(), { needs: [name], needsTimes: true }).get(at(7))).toBeNull();
});

test('repeated reads of more than fits find a good part, and memory stays bounded', () => {
  const cache = columnCacheOf(anyDatabase(), { needs: [], needsTimes: true });
  const rowGroup = rowGroupOf(1024);
  const found = (): number => {
    let count = 0;
    for (let last = 0; last < 6000; last += 1) {
      if (cache.get(at(last)) === null) cache.set(at(last), rowGroup);
      else count += 1;
    }
    return count;
  };
  expect(found()).toBe(0);
  for (let time = 0; time < 5; time += 1) expect(found()).toBeGreaterThan(1000);
  // 12 KB each, and 24 MB in all.
  expect(found()).toBeLessThan(2000);
});

function anyDatabase(): Database {
  return { identity: {} } as Database;
}

function at(position: number): Position {
  return position as Position;
}

function rowGroupOf(count: number): DecodedColumns {
  return { count, times: { seconds: new Float64Array(count), micros: new Uint32Array(count) }, columns: [] };
}

function column(value: string): DecodedColumns['columns'][number] {
  return { values: [value], codes: new Uint16Array(1) };
}
