import { expect, test } from 'vitest';
import { ExactNumber } from '../../../src/json/exact-number.ts';
import { keysOf } from '../../../src/json/keys-of.ts';
import { parseJsonInSteps, parseStoredJsonInSteps } from '../../../src/json/parse-in-steps.ts';
import { parseJson } from '../../../src/json/parse-json.ts';
import { runToEnd } from '../../../src/json/run-to-end.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parsed(text: string, pieceBytes: number): { readonly value: string; readonly steps: number } {
  const steps = parseJsonInSteps(Buffer.from(text), (bytes) => utf8.decode(bytes), pieceBytes);
  for (let count = 0; ; count += 1) {
    const { done, value } = steps.next();
    if (done === true) return { value: stringifyJson(value), steps: count };
  }
}

/** The value as JSON, which shows the order of members too; null for invalid JSON. */
function orNull(parse: () => string): string | null {
  try {
    return parse();
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return null;
  }
}

let seed = 1;
function below(limit: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % limit;
}

const keys = ['a', 'b', '__proto__', '1', '10', 'é"\\', ''];
const scalars = ['1', 'null', '"x,]}[{"', '"\\\\"', '"\\""', '9007199254740993', '"é😀"', 'true', '-1.5e3'];

function randomJson(levels: number): string {
  const kind = levels === 0 ? 2 : below(3);
  const blank = ' '.repeat(below(3));
  const parts = kind === 2 ? [] : Array.from({ length: below(6) }, () => randomJson(levels - 1));
  if (kind === 0) return `[${blank}${parts.join(`${blank},`)}]`;
  if (kind === 1) return `{${parts.map((part) => `${JSON.stringify(keys[below(keys.length)])}:${blank}${part}`).join(`,${blank}`)}}`;
  return scalars[below(scalars.length)] ?? '';
}

test('is the value of parseJson, wherever the text is cut', () => {
  for (let times = 0; times < 1000; times += 1) {
    const text = randomJson(5);
    const whole = stringifyJson(parseJson(text));
    for (const pieceBytes of [1, 3, 10]) expect(parsed(text, pieceBytes).value).toBe(whole);
  }
});

test('rejects what parseJson rejects, wherever the text is cut', () => {
  let rejected = 0;
  for (let times = 0; times < 3000; times += 1) {
    const text = randomJson(4);
    const at = below(text.length + 1);
    const changed = (
      text.slice(0, at) +
      (['', ',', ']', '}', '[', '{', '"', ':', '1', ' ', ',,'][below(11)] ?? '') +
      text.slice(at + below(2))
    ).toWellFormed();
    const whole = orNull(() => stringifyJson(parseJson(changed)));
    rejected += whole === null ? 1 : 0;
    for (const pieceBytes of [1, 2, 7]) expect([changed, orNull(() => parsed(changed, pieceBytes).value)]).toEqual([changed, whole]);
  }
  expect(rejected).toBeGreaterThan(1000);
});

test.each(['[,1]', '[1,]', '[1,,2]', '{"a":1,}', '{,"a":1}', '[1}', '[1]]', '[1],[2]', '[1,  ', '[[1,2]', '[1,2]x', '{"a" "b":[1,2]}'])(
  'rejects %s',
  (text) => {
    expect(() => parsed(text.padEnd(20), 1)).toThrow(SyntaxError);
  },
);

test('takes many steps for a large text, and none for a small one', () => {
  expect(parsed(JSON.stringify(Array.from({ length: 100 }, (_, n) => ({ n }))), 100).steps).toBeGreaterThan(10);
  expect(parsed('{"a":[1]}', 100).steps).toBe(0);
});

test('keeps exact numbers', () => {
  const steps = parseJsonInSteps(Buffer.from('[1,9007199254740993,2]'), (bytes) => utf8.decode(bytes), 1);
  let last = steps.next();
  while (last.done !== true) last = steps.next();
  expect((last.value as readonly unknown[])[1]).toBeInstanceOf(ExactNumber);
});

test('takes steps for a large stored text with different keys, and returns its value', () => {
  const text = JSON.stringify({ list: Array.from({ length: 50_000 }, (_, n) => ({ [`é${n}`]: n })) }).replace(
    '49999}',
    '9007199254740993}',
  );
  const steps = parseStoredJsonInSteps(text);
  let count = 0;
  let last = steps.next();
  for (; last.done !== true; last = steps.next()) count += 1;
  expect(count).toBeGreaterThan(10);
  expect(stringifyJson(last.value)).toBe(text);
});

test('reports bytes that are not UTF-8', () => {
  const bytes = Buffer.concat([Buffer.from('[1,2,3,"'), Buffer.from([0xff]), Buffer.from('"]')]);
  expect(() => [...parseJsonInSteps(bytes, (part) => utf8.decode(part), 1)]).toThrow(TypeError);
});

test('remembers the keys of large objects in their order', () => {
  const members = (prefix: string, count: number): string => Array.from({ length: count }, (_, n) => `"${prefix}${n}":${n}`).join(',');
  const large = `{${members('k', 6000)},"__proto__":1,"k7":{${members('k', 6000)}},${members('l', 6000)}}`;
  const indexes = `{${members('k', 6000)},${members('1', 6000)},${members('m', 10)}}`;
  const text = `{"a":[${large},${indexes},{"b":${large}}],${members('k', 20_000)},"k1":[],"a":${large}}`;
  const value = runToEnd(parseJsonInSteps(Buffer.from(text), (bytes) => utf8.decode(bytes), 1000));
  expect(stringifyJson(value)).toBe(stringifyJson(parseJson(text)));
  let objects = 0;
  const check = (each: unknown): void => {
    if (typeof each !== 'object' || each === null) return;
    objects += 1;
    expect(keysOf(each)).toEqual(Object.keys(each));
    for (const inner of Object.values(each)) check(inner);
  };
  check(value);
  expect(objects).toBeGreaterThan(3);
});
