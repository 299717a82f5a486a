import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TidingsError } from '../../../src/errors.ts';
import {
  anyElement,
  formatPayloadPattern,
  parsePayloadPath,
  parsePayloadPattern,
  someValueAt,
  valueAt,
  valuesAt,
  type PatternStep,
} from '../../../src/event/payload-path.ts';
import { codePoint } from '../support/code-points.ts';
import { rejection } from '../support/rejection.ts';

const at = (payload: unknown, path: string): unknown => valueAt(payload, parsePayloadPath(path));

describe('a payload path is dotted keys', () => {
  test.each<[string, readonly string[]]>([
    ['a', ['a']],
    ['a.b.c', ['a', 'b', 'c']],
    ['a.0.12', ['a', '0', '12']],
    ['a."b.c".0', ['a', 'b.c', '0']],
    ['"a"', ['a']],
    ['""', ['']],
    ['"".""', ['', '']],
    ['a."".b', ['a', '', 'b']],
    ['"say \\"hi\\""', ['say "hi"']],
    ['"\\\\"."."', ['\\', '.']],
    ['"\\u00e9\\n"', ['é\n']],
    ['user name.first-name.$ref/*', ['user name', 'first-name', '$ref/*']],
    ['a.$./b', ['a', '$', '/b']],
    ['$schema.a*.*b', ['$schema', 'a*', '*b']],
    ['"*"."$"."a[0]"."/a"."**"', ['*', '$', 'a[0]', '/a', '**']],
    [' a . b ', [' a ', ' b ']],
    ['a\\b', ['a\\b']],
    ['💥.é', ['💥', 'é']],
    ['__proto__.constructor', ['__proto__', 'constructor']],
  ])('%s', (text, keys) => {
    expect(parsePayloadPath(text)).toEqual(keys);
  });

  test('every key can be quoted as a JSON string', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: codePoint }), { minLength: 1 }), (keys) => {
        expect(parsePayloadPath(keys.map((key) => JSON.stringify(key)).join('.'))).toEqual(keys);
      }),
    );
  });

  test('a key needs no quotes without dots, quotes, brackets and leading signs of other syntaxes', () => {
    const bare = fc.string({ unit: codePoint, minLength: 1 }).filter((key) => !/[."[\]]|^[$/*]/.test(key));
    fc.assert(
      fc.property(fc.array(bare, { minLength: 1 }), (keys) => {
        expect(parsePayloadPath(keys.join('.'))).toEqual(keys);
      }),
    );
  });
});

describe('a step * stands for every element of an array', () => {
  test.each<[string, readonly PatternStep[]]>([
    ['a.*', ['a', anyElement]],
    ['*', [anyElement]],
    ['a.*.*.b', ['a', anyElement, anyElement, 'b']],
    ['a."*".*', ['a', '*', anyElement]],
    ['a*.*', ['a*', anyElement]],
  ])('%s', (text, pattern) => {
    expect(parsePayloadPattern(text)).toEqual(pattern);
  });

  test('a formatted pattern parses to the same pattern', () => {
    const step = fc.oneof(fc.string({ unit: codePoint }), fc.constantFrom<PatternStep>('*', '0', '$', 'a b', 'a.b', anyElement));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (pattern) => {
        expect(parsePayloadPattern(formatPayloadPattern(pattern))).toEqual(pattern);
      }),
    );
  });

  test('at most eight of them', () => {
    expect(parsePayloadPattern('a' + '.*'.repeat(8))).toHaveLength(9);
    expect(rejection(() => parsePayloadPattern('a' + '.*'.repeat(9)))).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'path: expected at most 8 steps *, got more',
    });
  });

  test('but not in the path of one value', () => {
    expect(rejection(() => parsePayloadPath('a.*.b'))).toEqual({
      code: 'BAD_USER_INPUT',
      path: ['path'],
      message: 'path: expected the path of one value, got "a.*.b"; only filters take the step *, and the key * is quoted: "*"',
    });
    expect(parsePayloadPath('a."*".b')).toEqual(['a', '*', 'b']);
  });
});

describe('the syntax of other path languages is BAD_USER_INPUT with the right form', () => {
  test.each([
    ['$.a', 'leave out "$."'],
    ['$', 'leave out "$."'],
    ['$[0]', 'write a.0 for a[0] and a.* for a[*]'],
    ['a[0]', 'write a.0 for a[0] and a.* for a[*]'],
    ['a.b[*].c', 'write a.0 for a[0] and a.* for a[*]'],
    ['a.[]', 'write a.0 for a[0] and a.* for a[*]'],
    ['a["b"]', 'write a.0 for a[0] and a.* for a[*]'],
    ['/a', 'write a.b for /a/b'],
    ['/a/0/b', 'write a.b for /a/b'],
    ['a.**.b', 'write one * for each level of arrays'],
  ])('%s: %s', (text, advice) => {
    expect(rejection(() => parsePayloadPattern(text))).toEqual({
      code: 'BAD_USER_INPUT',
      path: ['path'],
      message: `path: expected dotted keys such as a."b.c".0 or a.*.b, got ${JSON.stringify(text)}; ${advice}, or quote the key`,
    });
  });
});

describe('other texts are BAD_USER_INPUT', () => {
  const wrong = [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '"',
    '"a',
    'a"',
    'a"b"',
    '"a"b',
    '"a""b"',
    '"a".',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"a\nb"',
    'a."b',
  ];
  test.each(wrong)('%j', (text) => {
    expect(rejection(() => parsePayloadPath(text))).toEqual({
      code: 'BAD_USER_INPUT',
      path: ['path'],
      message: `path: expected dotted keys such as a."b.c".0 or a.*.b, got ${JSON.stringify(text)}`,
    });
  });

  test('every text is a path or BAD_USER_INPUT', () => {
    const units = fc.oneof(fc.constantFrom('.', '"', '\\', 'u', '0', '\n', '*', '$', '[', '/'), codePoint);
    fc.assert(
      fc.property(fc.string({ unit: units }), (text) => {
        const read = expect.objectContaining({ returned: expect.any(Array) });
        const rejected = expect.objectContaining({ code: 'BAD_USER_INPUT' });
        expect([read, rejected].some((each) => each.asymmetricMatch(rejection(() => parsePayloadPath(text))))).toBe(true);
      }),
    );
  });

  test('a long text is quoted in part', () => {
    expect(() => parsePayloadPath('.'.repeat(1000))).toThrow(/got "\.{60}…"$/);
  });
});

test.each(['x', '\\n', 'a.'])('a long path of %j is accepted, and one of more than 1,000 characters rejected', (part) => {
  const long = part.repeat(998 / part.length);
  expect(parsePayloadPath(`"${long}"`)[0]).toBe(JSON.parse(`"${long}"`));
  for (const path of [`"${long}`, `${long}"`, `"${long}x"x`, part.repeat(16_000_000)])
    expect(() => parsePayloadPath(path)).toThrow(TidingsError);
});

describe('the value at a path', () => {
  const payload = JSON.parse(
    '{"a":{"b.c":[10,[20]],"0":"zero","":"empty"},"list":[{"x":null},false],"__proto__":{"y":1},"length":7,"text":"abc","n":5}',
  );

  test.each<[string, unknown]>([
    ['a."b.c".0', 10],
    ['a."b.c".1.0', 20],
    ['a.0', 'zero'],
    ['a.""', 'empty'],
    ['list.0.x', null],
    ['list.1', false],
    ['length', 7],
    ['__proto__.y', 1],
    ['"list"."1"', false],
  ])('%s is %j', (path, value) => {
    expect(at(payload, path)).toBe(value);
  });

  const absent = {
    'a key that is not there': ['b', 'a.b', 'a.b.c', 'A', ' a'],
    'an index beyond the end of the list': ['list.2', 'list.-1', 'list.4294967295', 'a."b.c".2'],
    'a number of another form': ['list.00', 'list.01', 'list.1e0', 'list.+1', 'list.1 '],
    'a name in a list': ['list.x', 'list.length', 'list.constructor', 'list.__proto__'],
    'a step into a scalar': ['list.0.x.y', 'list.1.0', 'n.0', 'text.0', 'text.length'],
    'a key that JavaScript objects inherit': ['constructor', 'a.toString', 'a.__proto__', 'a.length'],
  };
  test.each(Object.entries(absent))('is absent for %s', (_what, paths) => {
    expect(paths.filter((path) => at(payload, path) !== undefined)).toEqual([]);
  });

  test.each<[string, readonly unknown[]]>([
    ['a."b.c".*', [10, [20]]],
    ['a."b.c".*.*', [20]],
    ['a."b.c".*.0', [20]],
    ['list.*', [{ x: null }, false]],
    ['list.*.x', [null]],
    ['list.*.y', []],
    ['list.*.x.*', []],
    ['a.*', []],
    ['*', []],
    ['text.*', []],
    ['n.*', []],
    ['length', [7]],
    ['missing', []],
  ])('%s has the values %j', (path, values) => {
    expect(valuesAt(payload, parsePayloadPattern(path))).toEqual(values);
  });

  test('the values of a pattern are those at the paths with an index instead of each *', () => {
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.constant(anyElement) },
      { weight: 3, arbitrary: fc.constantFrom('a', '0', '*', 'b.c') },
    );
    let found = 0;
    fc.assert(
      fc.property(nestedArrays, fc.array(step, { minLength: 1, maxLength: 4 }), (value, pattern) => {
        const expected = pathsOf(value, pattern)
          .map((path) => valueAt(value, path))
          .filter((each) => each !== undefined);
        expect(valuesAt(value, pattern)).toEqual(expected);
        expect(someValueAt(value, pattern, (each) => each === 3)).toBe(expected.includes(3));
        expect(someValueAt(value, pattern, () => true)).toBe(expected.length > 0);
        found += expected.length;
      }),
      { numRuns: 3000 },
    );
    expect(found).toBeGreaterThan(100);
  });

  test('every value in any JSON is at the path of its keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (random) => {
        for (const [keys, value] of valuesIn(random)) {
          expect(at(random, keys.map((key) => JSON.stringify(key)).join('.'))).toBe(value);
        }
      }),
    );
  });
});

const nestedArrays = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(3, null, 'x'),
    fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom('a', '0', '*', 'b.c'), tie('value')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

/** The paths that a pattern means for a value: `*` is each index of the array at that step. */
function pathsOf(value: unknown, [step, ...rest]: readonly PatternStep[]): readonly (readonly string[])[] {
  if (step === undefined) return [[]];
  if (step !== anyElement) return pathsOf(valueAt(value, [step]), rest).map((path) => [step, ...path]);
  if (!Array.isArray(value)) return [];
  return value.flatMap((element, index) => pathsOf(element, rest).map((path) => [String(index), ...path]));
}

function* valuesIn(value: unknown, above: readonly string[] = []): Generator<readonly [keys: readonly string[], value: unknown]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    yield [[...above, key], child];
    yield* valuesIn(child, [...above, key]);
  }
}
