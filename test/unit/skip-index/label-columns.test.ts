import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LabelColumnsBuilder, type LabelColumn, type LabelColumns } from '../../../src/skip-index/columns/label-columns.ts';
import { decodeCodes, decodeValues, encodeCodes, type Value } from '../../../src/skip-index/columns/encoding.ts';
import type { RelatedResource, StoredEvent } from '../../../src/event/event.ts';

test('codes are decoded as they were encoded, in as few bits as their number needs', () => {
  const sized = fc
    .integer({ min: 1, max: 65_536 })
    .chain((size) => fc.tuple(fc.constant(size), fc.array(fc.nat(size - 1), { maxLength: 70 })));
  fc.assert(
    fc.property(sized, ([size, codes]) => {
      const bytes = encodeCodes(codes, size);
      expect([...decodeCodes(bytes, { size, count: codes.length })]).toEqual(codes);
      expect(bytes.length).toBe(Math.ceil((codes.length * Math.ceil(Math.log2(size))) / 8));
    }),
  );
});

test('each event has its labels, its ids by role, and its roles; missing ones are recorded, too', () => {
  const events = [
    event({ region: 'eu', 'prefect.name': 'n' }, ['flow', 'f1'], ['flow', 'f2'], ['flow', 'f1']),
    event(JSON.parse('{"__proto__":"x"}')),
    event({ region: 'us', 'prefect.name': 'n', 'prefect.resource.name': 'm' }, ['queue', 'q'], ['flow', 'f1']),
    event({ region: '' }),
  ];
  const built = columnsOf(events);
  expect(built.hasAllColumns).toBe(true);
  expect(valuesByColumn(built, 4)).toEqual(
    new Map<string, readonly Value[]>([
      ['label __proto__', [null, 'x', null, null]],
      ['label region', ['eu', null, 'us', '']],
      ['label prefect.name', ['n', null, 'n', null]],
      ['label prefect.resource.name', ['n', null, 'm', null]],
      ['role flow', [['f1', 'f2'], [], ['f1'], []]],
      ['role queue', [[], [], ['q'], []]],
      ['roles ', [['flow'], [], ['queue', 'flow'], []]],
    ]),
  );
});

test('a label with a value for each event is known but not stored, and so are long or many labels', () => {
  const events = Array.from({ length: 1024 }, (_, n) =>
    event({ state: `s${n % 3}`, at: `2026-01-01T00:00:00.${String(n * 7919).padStart(9, '0')}Z` }),
  );
  expect(storedColumns(columnsOf(events))).toEqual({ 'label state': true, 'label at': false });
  const long = Array.from({ length: 20 }, (_, n) => event({ long: String(n).repeat(10_000) }));
  expect(storedColumns(columnsOf(long))).toEqual({ 'label long': false });
  const random = (n: number, key: number): string => ((n * 2_654_435_761 + key * 40_503_001) % 2 ** 32).toString(36);
  const wide = Array.from({ length: 1024 }, (_, n) =>
    event(Object.fromEntries(Array.from({ length: 40 }, (_each, key) => [`k${key}`, random(n % 200, key)]))),
  );
  const columns = columnsOf(wide);
  expect(columns.columns.filter(({ encoded }) => encoded !== null).length).toBeGreaterThan(3);
  expect(columns.columns.filter(({ encoded }) => encoded === null).length).toBeGreaterThan(3);
  const bytes = columns.columns.reduce(
    (sum, { encoded }) => sum + (encoded === null ? 0 : encoded.values.length + encoded.codes.length),
    0,
  );
  expect(bytes).toBeLessThanOrEqual(16 * 1024);
});

test('with very many labels, or one with a very long name, labels without a column can occur', () => {
  const many = columnsOf(Array.from({ length: 300 }, (_, n) => event({ [`k${n}`]: 'v' })));
  expect(many.hasAllColumns).toBe(false);
  expect(many.columns).toHaveLength(200);
  expect(columnsOf([event({}, ['r'.repeat(256), 'x'])])).toMatchObject({ hasAllColumns: false, columns: [{ kind: 'roles' }] });
});

function columnsOf(events: readonly StoredEvent[]): LabelColumns {
  const builder = new LabelColumnsBuilder();
  events.forEach((each) => builder.add(each));
  return builder.columns();
}

function event(labels: Readonly<Record<string, string>>, ...related: readonly (readonly [string, string])[]): StoredEvent {
  const resources: RelatedResource[] = related.map(([role, id]) => ({ role, id, labels: {} }));
  return { resource: { id: 'r', labels }, related: resources } as unknown as StoredEvent;
}

function valuesByColumn({ columns }: LabelColumns, count: number): ReadonlyMap<string, readonly Value[]> {
  return new Map(columns.map((column) => [`${column.kind} ${column.name}`, valuesOf(column, count)]));
}

function valuesOf({ encoded }: LabelColumn, count: number): readonly Value[] {
  const values = decodeValues(encoded!.values);
  return Array.from(decodeCodes(encoded!.codes, { size: values.length, count }), (code) => values[code]!);
}

function storedColumns({ columns }: LabelColumns): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    columns.filter(({ kind }) => kind === 'label').map(({ kind, name, encoded }) => [`${kind} ${name}`, encoded !== null]),
  );
}
