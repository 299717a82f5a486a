import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowList } from '../../../src/client/row-list.ts';

interface Row {
  readonly key: number;
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('insert' as const), keys: fc.array(fc.nat(5000), { maxLength: 400 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), at: fc.nat(3000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('shift' as const, 'pop' as const), count: fc.nat(700) }) },
);

test('it equals a sorted array, whatever is inserted and removed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const list = new RowList<Row>((a, b) => a.key - b.key);
      const plain: Row[] = [];
      for (const each of steps) {
        if (each.type === 'insert') {
          for (const key of each.keys) {
            if (plain.some((row) => row.key === key)) continue;
            const row = { key };
            list.insert(row);
            plain.push(row);
          }
          plain.sort((a, b) => a.key - b.key);
        } else if (each.type === 'remove') {
          const row = plain[each.at] ?? { key: -1 };
          expect(list.remove(row)).toBe(plain.includes(row));
          if (plain.includes(row)) plain.splice(each.at, 1);
        } else {
          for (let left = each.count; left > 0; left -= 1) expect(list[each.type]()).toBe(plain[each.type]());
        }
        const middle = plain.length >> 1;
        expect(list.length).toBe(plain.length);
        expect([list.first(), list.at(middle), list.last(), list.at(plain.length)]).toEqual([
          plain[0],
          plain[middle],
          plain.at(-1),
          undefined,
        ]);
        expect(list.indexOf(plain[middle] ?? { key: 1 })).toBe(plain.length === 0 ? -1 : middle);
        expect(list.slice(middle, middle + 50)).toEqual(plain.slice(middle, middle + 50));
      }
      expect(list.slice()).toEqual(plain);
      expect(list.indexOf({ key: plain[0]?.key ?? 0 })).toBe(-1); // an equal row, but not this one
    }),
    { numRuns: 100 },
  );
});
