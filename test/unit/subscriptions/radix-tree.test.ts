import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RadixTree } from '../../../src/subscriptions/matching/radix-tree.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ab', '.', '💌', '💥', '\uD83D'), maxLength: 6 });
const step = fc.record({ prefix: text, kept: fc.boolean() });

test('finds the values of all prefixes of a text, the shortest first, whatever was set and deleted before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(text, { maxLength: 10 }), (steps, texts) => {
      const tree = new RadixTree<string>();
      const model = new Set<string>();
      for (const { prefix, kept } of steps) {
        if (kept) tree.set(prefix, prefix);
        else tree.delete(prefix);
        if (kept) model.add(prefix);
        else model.delete(prefix);
      }
      for (const text of [...texts, ...steps.map(({ prefix }) => prefix)]) {
        const found: string[] = [];
        tree.forEachPrefixOf(text, (prefix) => found.push(prefix));
        expect(found).toEqual([...model].filter((prefix) => text.startsWith(prefix)).toSorted((a, b) => a.length - b.length));
        expect(tree.get(text)).toBe(model.has(text) ? text : undefined);
      }
      expect(tree.isEmpty).toBe(model.size === 0);
    }),
    { numRuns: 1000 },
  );
});

test('has the structure that it would have without the deleted prefixes', () => {
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 10 }), fc.uniqueArray(text, { maxLength: 10 }), (kept, others) => {
      const passing = others.filter((prefix) => !kept.includes(prefix));
      const tree = new RadixTree<string>();
      for (const prefix of [...passing, ...kept]) tree.set(prefix, prefix);
      for (const prefix of passing) tree.delete(prefix);
      const fresh = new RadixTree<string>();
      for (const prefix of kept) fresh.set(prefix, prefix);
      expect(tree).toEqual(fresh);
    }),
    { numRuns: 1000 },
  );
});
