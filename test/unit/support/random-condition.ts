import * as fc from 'fast-check';
import { labelKeys } from '../../../src/event/event.ts';
import type { Combination, Condition, ResourceTest, ValueTest } from '../../../src/filter/filter.ts';
import { anyElement } from '../../../src/event/payload-path.ts';
import { numberOf } from '../../../src/json/exact-number.ts';
import { parseInstant } from '../../../src/event/instant.ts';

// Conditions of any form, also those that no parser makes. Their texts are those of random-filters,
// so that they match now and then.
const text = fc.constantFrom('a', 'b', 'a.b', 'actor', '%', '', '"', '\\', '💌', ' and ', ')', ', ', '*', 'a?b');
const texts = fc.array(text, { maxLength: 3 });
const instant = fc.nat(5).map((n) => parseInstant(`2026-01-01T00:00:00.00000${n}Z`)!);
const step = fc.constantFrom('a', 'a', '0', 'b', 'x y', '"', '💌', '*', anyElement, anyElement);

const fields = [labelKeys.id, labelKeys.role, labelKeys.name];
const label = fc.constantFrom(...fields, ...fields, 'k', 'k.x', '"', 'is', 'missing');
const resourceLeaf = fc.oneof(
  fc.record({ kind: fc.constant('exists' as const), label }),
  fc.record({ kind: fc.constant('oneOf' as const), label, values: texts }),
  fc.record({ kind: fc.constant('startsWith' as const), label, prefixes: texts }),
  fc.record({ kind: fc.constant('like' as const), label, globs: texts }),
);
const exact = fc.constantFrom('9007199254740993', '1.0000000000000000001', '1e400').map(numberOf);
const value = fc.oneof(text, exact, fc.constantFrom(0, 1, -1.5, 1e21, null, true, false, [1, 'a and b'], { a: { ', ': null } }));
const valueLeaf = fc.oneof(
  fc.constant({ kind: 'exists' as const }),
  fc.record({ kind: fc.constant('oneOf' as const), values: fc.array(value, { maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('compares' as const),
    operator: fc.constantFrom('gt' as const, 'gte' as const, 'lt' as const, 'lte' as const),
    to: fc.oneof(text, exact, fc.constantFrom(0, 1, -1.5)),
  }),
);

/** Combinations of combinations of leaves. */
function treeOf<T>(leaf: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.letrec<{ tree: T | Combination<T> }>((tie) => {
    const of = fc.array(tie('tree'), { maxLength: 3 });
    return {
      tree: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        { weight: 3, arbitrary: leaf },
        { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('all' as const, 'any' as const), of }) as fc.Arbitrary<Combination<T>> },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('not' as const), of: tie('tree') }) as fc.Arbitrary<Combination<T>> },
      ),
    };
  }).tree as fc.Arbitrary<T>;
}

const resourceTest = treeOf<ResourceTest>(resourceLeaf);
const valueTest = treeOf<ValueTest>(valueLeaf);
const field = fc.constantFrom('event' as const, 'id' as const, 'follows' as const);
const among = fc.constantFrom('primary' as const, 'related' as const, 'any' as const);

export const anyCondition = treeOf<Condition>(
  fc.oneof(
    fc.record({ kind: fc.constant('oneOf' as const), field, values: texts }),
    fc.record({ kind: fc.constant('startsWith' as const), field, prefixes: texts }),
    fc.record({ kind: fc.constant('like' as const), field, globs: texts }),
    fc.record(
      {
        kind: fc.constant('during' as const),
        field: fc.constantFrom('occurred' as const, 'received' as const),
        since: instant,
        until: instant,
      },
      { requiredKeys: ['kind', 'field'] },
    ),
    fc.record({ kind: fc.constant('resource' as const), among, passes: resourceTest }),
    fc.record({ kind: fc.constant('payload' as const), path: fc.array(step, { minLength: 1, maxLength: 3 }), passes: valueTest }),
  ),
);

/** Conditions on the elements of an array. */
export const anyElementCondition = fc.record({
  kind: fc.constant('payload' as const),
  path: fc.array(step, { maxLength: 2 }).map((rest) => ['a', anyElement, ...rest]),
  passes: valueTest,
});
