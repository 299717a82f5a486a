import * as fc from 'fast-check';
import { plainTerms } from './plain-matches.ts';
import type { EventFilterInput, PayloadFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { numberOf } from '../../../src/json/exact-number.ts';

// Random events and filters that collide: short texts over a small alphabet of characters that are
// special somewhere.
const character = fc.constantFrom('a', 'b', 'B', '.', '%', '_', '\\', '*', '?', '"', "'", '[', ' ', 'é', 'ß', '\uE000', '💌', '𝔸');
// Characters with case, in all its kinds, and characters that JSON, regular expressions and search
// texts escape.
const cased = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('k', 'K', '\u212A', 's', 'S', '\u017F', 'é', 'É') },
  { weight: 2, arbitrary: fc.constantFrom(...'eßẞiIıİσςΣ𐐀𐐨', '\u0301') },
  // Composed and decomposed characters, marks in either order, and characters that normalize to ASCII.
  {
    weight: 2,
    arbitrary: fc.constantFrom('e\u0301', 'E\u0301', '\u0323', 's\u0307\u0323', '\u1E69', '\u1112', '\u1161', '\uD558', '\u212B', '\u037E'),
  },
  { weight: 2, arbitrary: fc.constantFrom(...'"\\-+!.(|)[^]$*?{}%_/,: \n\t', '\u0001', '\u007F', '\u00A0') },
);
const casedText = fc.string({ unit: cased, minLength: 1, maxLength: 4 });
const word = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: character, minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: casedText },
);
const wordOrEmpty = fc.oneof({ weight: 2, arbitrary: fc.string({ unit: character, maxLength: 3 }) }, { weight: 1, arbitrary: casedText });
const id = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'a.b', 'a%', 'a_', '%', '\\', '💌') },
  { weight: 1, arbitrary: casedText },
);
const role = fc.constantFrom('a', 'actor', '%', 'r_');
const labelKey = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('k', 'k.x', '%', '"', 'id', '💌', 'prefect.name', 'prefect.resource.name') },
  { weight: 1, arbitrary: casedText },
);
const time = fc.integer({ min: 0, max: 5 }).map((n) => `2026-01-01T00:00:00.00000${n}Z`);
const oddKey = fc.constantFrom('01', ' 1', '+0', 'a.b', '*', '*', '**', '$', 'a[0]', '"', '\\', '💌', '__proto__', '9999999999');
const payloadKey = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', '0') },
  { weight: 4, arbitrary: fc.constantFrom('b', '1', '-1') },
  { weight: 2, arbitrary: oddKey },
  { weight: 1, arbitrary: casedText },
);
const scalar = fc.oneof(
  wordOrEmpty,
  fc.constantFrom(0, 1, -1, 1.5, 1e21, 1e-7, 2 ** 53, -0, 123_456_789.125),
  fc.constantFrom('9007199254740993', '18446744073709551616', '1.0000000000000000001', '1e400', '-1e-400').map(numberOf),
  fc.boolean(),
  fc.constant(null),
);

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(payloadKey, tie('value')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

const labels = fc.array(fc.tuple(labelKey, wordOrEmpty), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));

/** An event without an id, in the form of GraphQL's EventInput. */
export const anyEvent = fc.record(
  {
    event: word,
    occurred: time,
    resource: fc.record({
      id,
      labels: fc.oneof(
        labels,
        fc.tuple(labels, role).map(([some, given]) => ({ ...some, 'prefect.resource.role': given })),
      ),
    }),
    related: fc.array(fc.record({ id, role, labels }), { maxLength: 3 }),
    payload: fc
      .tuple(json, fc.array(fc.tuple(payloadKey, json), { maxLength: 3 }))
      .map(([a, entries]) => Object.fromEntries([...entries, ['a', a]])),
    follows: id,
  },
  { requiredKeys: ['event', 'occurred', 'resource'] },
);

/** A field left out, null, or given. */
const optionally = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant(null) }, { weight: 16, arbitrary: value });
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant<T[]>([]) }, { weight: 12, arbitrary: fc.array(value, { minLength: 1, maxLength: 3 }) });

const glob = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', '*', '*', '?', '\\', '%', '_', '.', '💌'), maxLength: 5 }) },
  // Repeated stars, a lone backslash, escapes of what needs one and of what does not, and one
  // character beyond the BMP.
  {
    weight: 2,
    arbitrary: fc.constantFrom('**', '***a', '\\', 'a\\', '?', '??', '?*?', '*?', '\\*', '\\?', '\\\\', '\\💌', '\\a*', 'a*', '*b'),
  },
);
const prefix = fc.constantFrom('', 'a', 'a.', 'a%', '%', '_', '\\', '💌', 'ab');

/**
 * Records with at most so many of these fields, chosen first, so that filters match now and then
 * and stay small.
 */
function someFields<T extends object>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  maxFields: number,
  alwaysFields: Partial<typeof fields> = {},
) {
  const keys = Object.keys(fields) as (keyof T)[];
  return fc
    .uniqueArray(fc.constantFrom(...keys), { minLength: 1, maxLength: maxFields })
    .chain((chosen) => fc.record({ ...alwaysFields, ...Object.fromEntries(chosen.map((key) => [key, fields[key]])) })) as fc.Arbitrary<
    Partial<T>
  >;
}

const list = <T>(value: fc.Arbitrary<T>) => optionally(some(value));
const range = someFields({ since: optionally(time), until: optionally(time) }, 2);
const name = (value: fc.Arbitrary<string>) =>
  someFields(
    { in: list(value), startsWith: list(prefix), like: list(glob), notIn: list(value), notStartsWith: list(prefix), notLike: list(glob) },
    2,
  );
const value = fc.oneof(wordOrEmpty, id, role);
const label = someFields(
  { exists: optionally(fc.boolean()), in: list(value), notIn: list(value), like: list(glob), notLike: list(glob) },
  2,
  {
    key: fc.oneof(labelKey, fc.constantFrom('prefect.resource.id', 'prefect.resource.role', 'missing')),
  } as object,
);
const resource = someFields({ id: optionally(name(id)), labels: optionally(fc.array(label, { minLength: 1, maxLength: 2 })) }, 2);
const related = someFields(
  { role: list(role), id: optionally(name(id)), labels: optionally(fc.array(label, { minLength: 1, maxLength: 2 })) },
  3,
);
const pathKey = payloadKey.map((key) => (/^[^."[\]$*/]+$/.test(key) ? key : JSON.stringify(key)));
// Keys that Postgres takes for indexes of an array, unlike payload paths.
const almostIndex = fc.constantFrom('00', '01', ' 0', '-1', '+0');
const pathStep = fc.oneof(
  { weight: 6, arbitrary: pathKey },
  { weight: 4, arbitrary: fc.constant('*') },
  { weight: 1, arbitrary: almostIndex },
);
const path = fc
  .tuple(
    fc.oneof(
      { weight: 16, arbitrary: fc.constant('a') },
      { weight: 4, arbitrary: pathKey },
      { weight: 1, arbitrary: fc.constant('*') }, // no payload is a list
    ),
    fc.array(pathStep, { maxLength: 3 }),
  )
  .map(([first, others]) => [first, ...others].join('.'));
const starPath = fc
  .tuple(fc.array(pathStep, { maxLength: 1 }), fc.array(pathStep, { maxLength: 1 }))
  .map(([before, after]) => ['a', ...before, '*', ...after].join('.'));
const comparand = optionally(scalar);
const payloadAt = (paths: fc.Arbitrary<string>) =>
  someFields(
    {
      exists: optionally(fc.boolean()),
      eq: fc.oneof(json, scalar),
      in: list(fc.oneof(json, scalar)),
      gt: comparand,
      gte: comparand,
      lt: comparand,
      lte: comparand,
    },
    2,
    { path: paths } as object,
  ) as fc.Arbitrary<PayloadFilterInput>;
const payload = payloadAt(path);

// Search terms that are long enough to be missing now and then, operators, phrases, and texts that
// are not quite either.
const searchWord = fc.oneof(casedText, word, fc.string({ unit: cased, minLength: 2, maxLength: 3 }));
const term = fc
  .tuple(fc.constantFrom('', '', '-', '!', '+'), searchWord, fc.constantFrom('', '"'))
  .map(([operator, what, quote]) => `${operator}${quote}${what}${quote}`);
const text = fc
  .array(fc.oneof({ weight: 8, arbitrary: term }, { weight: 1, arbitrary: casedText }), { maxLength: 4 })
  .map((terms) => terms.join(' '))
  .filter((joined) => plainTerms(joined).length > 0);

const leafFields = {
  text: optionally(text),
  id: list(fc.nat(60).map((n) => `e${n}`)),
  occurred: optionally(range),
  received: optionally(range),
  event: optionally(name(word)),
  resource: optionally(resource),
  related: optionally(fc.array(related, { minLength: 1, maxLength: 2 })),
  anyResource: optionally(fc.array(resource, { minLength: 1, maxLength: 2 })),
  payload: optionally(fc.array(payload, { minLength: 1, maxLength: 2 })),
  follows: list(id),
};

function filterOfDepth(depth: number): fc.Arbitrary<EventFilterInput> {
  if (depth === 0) return someFields(leafFields, 2) as fc.Arbitrary<EventFilterInput>;
  const below = filterOfDepth(depth - 1);
  const nested = { and: list(below), or: list(below), not: optionally(below) };
  const both = fc.tuple(someFields(leafFields, 1), someFields(nested, 2)).map(([one, other]) => ({ ...one, ...other }));
  return fc.oneof(someFields(leafFields, 2), someFields(nested, 2), both) as fc.Arbitrary<EventFilterInput>;
}

/** Filters of nothing but `like` and `notLike` of names and ids, now and then negated. */
export const anyNameGlobs = negatedAtTimes(
  fc
    .tuple(fc.constantFrom('event', 'resource', 'related', 'anyResource'), someFields({ like: list(glob), notLike: list(glob) }, 2))
    .map(([field, globs]) => {
      if (field === 'event') return { event: globs };
      return { [field]: field === 'resource' ? { id: globs } : [{ id: globs }] };
    }),
);

/** Filters of nothing but payload paths with `*`, now and then negated. */
export const anyStarPath = negatedAtTimes(payloadAt(starPath).map((one) => ({ payload: [one] })));

export const anyFilter = fc.oneof(
  { weight: 8, arbitrary: filterOfDepth(3) },
  { weight: 1, arbitrary: anyNameGlobs },
  { weight: 1, arbitrary: anyStarPath },
);

function negatedAtTimes(filters: fc.Arbitrary<EventFilterInput>): fc.Arbitrary<EventFilterInput> {
  return fc.tuple(filters, fc.constantFrom(false, false, true)).map(([filter, negated]) => (negated ? { not: filter } : filter));
}

/** Conditions that only Bloom filters serve, for some events. */
export const bloomFiltered = fc.constantFrom(
  ...['k', 'k.x', '%', '💌', 'prefect.name'].flatMap((key) => [
    { resource: { labels: [{ key, exists: true }] } },
    { related: [{ labels: [{ key, exists: true }] }] },
    { anyResource: [{ labels: [{ key, exists: true, notIn: ['a'] }] }] },
  ]),
);
