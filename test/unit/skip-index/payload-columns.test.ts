import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { inflateIfDeflated, decodeCodes, decodeValues } from '../../../src/skip-index/columns/encoding.ts';
import { ancestorNames, payloadName, PayloadColumnsBuilder, type PayloadColumn } from '../../../src/skip-index/columns/payload-columns.ts';
import { valueAt } from '../../../src/event/payload-path.ts';
import type { JsonObject } from '../../../src/event/event.ts';

test('the column of a path has the values of the payloads there: scalars, or none', () => {
  const key = fc.constantFrom('a', 'b', '0', '1', '__proto__', 'a.b', '"', '💌');
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom('x', '1', 1, -0, 1e21, true, null, ''),
      fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
      fc.array(tie('value'), { maxLength: 2 }),
    ),
  }));
  const payload = fc.array(fc.tuple(key, value), { maxLength: 3 }).map((entries) => Object.fromEntries(entries) as JsonObject);
  let pathsWithValues = 0;
  fc.assert(
    fc.property(
      fc.array(payload, { minLength: 1, maxLength: 6 }),
      fc.array(fc.array(key, { minLength: 1, maxLength: 3 }), { minLength: 8, maxLength: 8 }),
      (payloads, paths) => {
        const columns = columnsOf(payloads);
        for (const path of paths) {
          const values = valuesOf(columns, path, payloads.length);
          if (values === null) continue;
          pathsWithValues += values.some((each) => each !== undefined) ? 1 : 0;
          expect(values, JSON.stringify({ payloads, path })).toEqual(payloads.map((each) => normal(valueAt(each, path))));
        }
      },
    ),
  );
  expect(pathsWithValues).toBeGreaterThan(20);
});

test('keys of objects have columns; arrays do not, nor do values that are arrays in some events only', () => {
  const columns = columnsOf([
    { state: { name: 'Running', code: 1 }, list: [{ a: 1 }], mixed: { '0': 'x', a: 'y' }, maybe: null },
    { state: { name: 'Completed' }, mixed: ['z'], maybe: { why: 'late' } },
  ]);
  expect(valuesOf(columns, ['state', 'name'], 2)).toEqual(['Running', 'Completed']);
  expect(valuesOf(columns, ['state', 'code'], 2)).toEqual([1, undefined]);
  expect(valuesOf(columns, ['maybe', 'why'], 2)).toEqual([undefined, 'late']);
  for (const path of [['state', 'none'], ['none'], ['state', 'name', 'more']])
    expect(valuesOf(columns, path, 2)).toEqual([undefined, undefined]);
  for (const path of [['state'], ['list'], ['list', '0', 'a'], ['mixed', '0'], ['mixed', 'a'], ['maybe']]) {
    expect(valuesOf(columns, path, 2), path.join('.')).toBeNull();
  }
});

test('a path with a value for each event is not stored, and leaves other paths unaffected', () => {
  const columns = columnsOf(Array.from({ length: 1024 }, (_, n) => ({ at: `${n * 7919}`, state: `s${n % 7}` })));
  expect(valuesOf(columns, ['at'], 1024)).toBeNull();
  expect(valuesOf(columns, ['state'], 1024)?.slice(0, 3)).toEqual(['s0', 's1', 's2']);
  expect(valuesOf(columns, ['other'], 1024)?.every((each) => each === undefined)).toBe(true);
});

test('a thousand payloads take bounded space, whatever they contain, and paths of most events come first', () => {
  const wide = (n: number): JsonObject => Object.fromEntries(Array.from({ length: 40 }, (_, k) => [`key ${n % 8} ${k}`, n % 100]));
  const columns = columnsOf(Array.from({ length: 1024 }, (_, n) => ({ common: n % 5, ids: wide(n), ['x'.repeat(300)]: 1 })));
  expect(valuesOf(columns, ['common'], 1024)?.slice(0, 3)).toEqual([0, 1, 2]);
  expect(valuesOf(columns, ['ids', 'key 0 0'], 1024)).not.toEqual(Array.from({ length: 1024 }));
  for (const path of [['ids', 'unseen'], ['unseen'], ['x'.repeat(300)]]) expect(valuesOf(columns, path, 1024), path.join('.')).toBeNull();
  const bytes = columns.reduce((sum, { values, codes }) => sum + 128 + (values?.length ?? 0) + (codes?.length ?? 0), 0);
  expect(bytes).toBeLessThanOrEqual(5120 + 128);
  let deep: JsonObject = { end: 1 };
  for (let level = 0; level < 90; level += 1) deep = { deep };
  expect(columnsOf([deep]).length).toBeLessThan(10);
  expect(valuesOf(columnsOf([deep]), [...Array.from({ length: 90 }, () => 'deep'), 'end'], 1)).toBeNull();
});

function columnsOf(payloads: readonly JsonObject[]): readonly PayloadColumn[] {
  const builder = new PayloadColumnsBuilder();
  payloads.forEach((each) => builder.add(each));
  return builder.columns();
}

/**
 * The values at a path, as src/store/counts/columnar-counts.ts reads them; null if the events must
 * be scanned.
 */
function valuesOf(columns: readonly PayloadColumn[], path: readonly string[], count: number): readonly unknown[] | null {
  const named = (name: string): PayloadColumn | undefined => columns.find((each) => each.name === name);
  const own = named(payloadName(path));
  if (own === undefined) {
    const isCovered = ancestorNames(payloadName(path)).every((name) => named(name)?.codes !== null);
    return isCovered && named('[]') !== undefined ? Array.from({ length: count }) : null;
  }
  if (own.values === null || own.codes === null) return null;
  const values = decodeValues(own.values);
  const lengths = { size: values.length, count };
  return Array.from(decodeCodes(inflateIfDeflated(own.codes, lengths), lengths), (code) => {
    const json = values[code];
    return typeof json === 'string' ? (JSON.parse(json) as unknown) : undefined;
  });
}

/** -0 is 0 in JSON. */
function normal(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}
