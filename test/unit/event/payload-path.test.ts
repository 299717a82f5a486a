import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TidingsError } from '../../../src/errors.ts';
import { parsePayloadPath, valueAt } from '../../../src/event/payload-path.ts';
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
    ['$schema.a/b', ['$schema', 'a/b']],
    ['"$.a"."a[0]"."/a"."a->b"', ['$.a', 'a[0]', '/a', 'a->b']],
    [' a . b ', [' a ', ' b ']],
    ['a\\b', ['a\\b']],
    ['💥.é', ['💥', 'é']],
    ['__proto__.constructor', ['__proto__', 'constructor']],
  ])('%s', (text, keys) => {
    expect(parsePayloadPath(text)).toEqual(keys);
  });

  test('any key can be said, in quotes as JSON says it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: codePoint }), { minLength: 1 }), (keys) => {
        expect(parsePayloadPath(keys.map((key) => JSON.stringify(key)).join('.'))).toEqual(keys);
      }),
    );
  });

  test('a key without dots and quotes can be said bare', () => {
    const bare = fc.string({ unit: codePoint, minLength: 1 }).filter((key) => !/[."[/$]|->/.test(key));
    fc.assert(
      fc.property(fc.array(bare, { minLength: 1 }), (keys) => {
        expect(parsePayloadPath(keys.join('.'))).toEqual(keys);
      }),
    );
  });
});

describe('what is no path is BAD_USER_INPUT', () => {
  const wrong = ['', '.', 'a.', 'a..b', '"', '"a', 'a"', 'a"b"', '"a"b', '"a""b"', '"a".', '"\\"', '"\\x"', '"\\u12"', '"a\nb"', 'a."b'];
  test.each(wrong)('%j', (text) => {
    expect(rejection(() => parsePayloadPath(text))).toEqual({
      code: 'BAD_USER_INPUT',
      path: ['path'],
      message: `path: expected dotted keys such as a."b.c".0, got ${JSON.stringify(text)}`,
    });
  });

  test.each([
    ['$.a', 'a'],
    ['$.a[0].b', 'a.0.b'],
    ['$["a b"].c', '"a b".c'],
    ["$['a']['b.c'][1]", 'a."b.c".1'],
    ['a[0]', 'a.0'],
    ['a["x.y"]', 'a."x.y"'],
    ['items[*].id', 'items.*.id'],
    ['items[]', 'items.*'],
    ['[0]', '0'],
    ['.a.b', 'a.b'],
    ['.a[0]', 'a.0'],
    ['/a/0/b~1c', 'a.0."b/c"'],
    ['#/a', 'a'],
    ["a->'b'->>'c.d'", 'a.b."c.d"'],
  ])('%s of another syntax: write %s', (text, suggestion) => {
    expect(rejection(() => parsePayloadPath(text))).toEqual({
      code: 'BAD_USER_INPUT',
      path: ['path'],
      message: `path: expected dotted keys such as a."b.c".0, got ${JSON.stringify(text)}; write ${suggestion}`,
    });
    expect(parsePayloadPath(suggestion)).toEqual(expect.any(Array));
  });

  test.each(['$', '/', '#/'])('%s names the whole payload', (text) => {
    expect(() => parsePayloadPath(text)).toThrow(/the whole payload has no path$/);
  });

  test('a long text of another syntax is rejected within milliseconds', () => {
    const startedAt = performance.now();
    for (const part of ['[', "['", '["', '$.[', "->'", '/~', '.[', '"\\'])
      expect(() => parsePayloadPath(`$.${part.repeat(998 / part.length)}`)).toThrow(TidingsError);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });

  test('every other text is a path', () => {
    const units = fc.oneof(fc.constantFrom('.', '"', '\\', 'u', '0', '\n'), codePoint);
    fc.assert(
      fc.property(fc.string({ unit: units }), (text) => {
        const read = expect.objectContaining({ returned: expect.any(Array) });
        const rejected = expect.objectContaining({ code: 'BAD_USER_INPUT' });
        expect([read, rejected].some((each) => each.asymmetricMatch(rejection(() => parsePayloadPath(text))))).toBe(true);
      }),
    );
  });

  test('a very long one is quoted in part', () => {
    expect(() => parsePayloadPath('.'.repeat(1000))).toThrow(/got "\.{60}…"$/);
  });
});

test.each(['x', '\\n', 'a.'])('a long path of %j is read, and one of more than 1,000 characters refused', (part) => {
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
    'a place that the list does not have': ['list.2', 'list.-1', 'list.4294967295', 'a."b.c".2'],
    'a number of another form': ['list.00', 'list.01', 'list.1e0', 'list.+1', 'list.1 '],
    'a name in a list': ['list.x', 'list.length', 'list.constructor', 'list.__proto__'],
    'a step into what is no object or list': ['list.0.x.y', 'list.1.0', 'n.0', 'text.0', 'text.length'],
    'what objects have by themselves': ['constructor', 'a.toString', 'a.__proto__', 'a.length'],
  };
  test.each(Object.entries(absent))('is absent for %s', (_what, paths) => {
    expect(paths.filter((path) => at(payload, path) !== undefined)).toEqual([]);
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

function* valuesIn(value: unknown, above: readonly string[] = []): Generator<readonly [keys: readonly string[], value: unknown]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    yield [[...above, key], child];
    yield* valuesIn(child, [...above, key]);
  }
}
