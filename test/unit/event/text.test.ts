import { expect, test } from 'vitest';
import { compareCodePoints, sortedInSteps } from '../../../src/event/text.ts';

let seed = 1;
function below(limit: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % limit;
}

const characters = ['a', 'b', '\ud7ff', '\ue000', '\uffff', '😀', '𝄞'];
const randomText = (): string => Array.from({ length: below(5) }, () => characters[below(characters.length)]).join('');
const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

test.each([0, 1, 63, 64, 200, 5000, 40_000])('compares texts with %d equal characters before them by code point', (length) => {
  for (let times = 0; times < 300; times += 1) {
    const [a, b] = ['x'.repeat(length) + randomText(), 'x'.repeat(length) + randomText()];
    expect(Math.sign(compareCodePoints(a, b))).toBe(inBytes(a, b));
  }
});

test.each([0, 1, 1023, 1024, 1025, 5000])('sorts %d texts in steps of a moment', (length) => {
  const texts = Array.from({ length }, () => randomText() + String(below(1000)));
  const steps = sortedInSteps(texts);
  let count = 0;
  for (;;) {
    const { done, value } = steps.next();
    count += 1;
    if (done !== true) continue;
    expect(value).toEqual(texts.toSorted(inBytes));
    break;
  }
  expect(count).toBeGreaterThan(Math.floor(length / 1025));
});
