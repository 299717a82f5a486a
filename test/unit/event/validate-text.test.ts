import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unstorableReason } from '../../../src/event/text.ts';
import { validateEvent } from '../../../src/event/validate.ts';
import { codePoint } from '../support/code-points.ts';
import { defaultLimits, draftOf, eventWith, problemsOf } from '../support/valid-event.ts';

const nul = 'a\0b';
const bad = [nul, '\0', '\ud83d', 'a\udca5', '\udca5\ud83d', `${'x'.repeat(200)}\ud83d`];
const texts = ['id', 'event', 'follows', 'resource.id', 'resource.name', 'resource.labels.plan'];
const relatedTexts = ['related.1.id', 'related.1.role', 'related.1.name', 'related.1.labels.team'];
const payloadTexts = ['payload.note', 'payload.attempts.1', 'payload.attempts.1.ok'];

describe('a string with U+0000 or a lone surrogate is INVALID, with its path', () => {
  test.each([...texts, ...relatedTexts, ...payloadTexts])('as %s', (path) => {
    for (const text of bad) expect(problemsOf(eventWith(path, text))).toEqual([`INVALID input.3.${path}`]);
  });

  test.each(['resource.labels', 'related.1.labels'])('as a key of %s', (path) => {
    for (const key of bad) expect(problemsOf(eventWith(path, { [key]: 'x' }))).toEqual([`INVALID input.3.${path}.${key}`]);
  });

  test('as a key in the payload, with the path of its object', () => {
    for (const key of bad) {
      expect(problemsOf(eventWith('payload', { [key]: 1 }))).toEqual(['INVALID input.3.payload']);
      expect(problemsOf(eventWith('payload', { list: [1, { [key]: null }] }))).toEqual(['INVALID input.3.payload.list.1']);
      expect(problemsOf(eventWith('payload', { deep: { [key]: 'x', other: 'x' } }))).toEqual(['INVALID input.3.payload.deep']);
    }
  });

  test('in the payload below a key with dots, which is one key of the path', () => {
    const validation = validateEvent(eventWith('payload', { 'a.b': { '': nul } }), ['input'], defaultLimits);
    expect('problems' in validation && validation.problems.map(({ path }) => path)).toEqual([['input', 'payload', 'a.b', '']]);
  });

  test('and the message says which of the two it is', () => {
    const [withNul, withSurrogate] = [nul, '\ud83d'].map((text) => validateEvent(eventWith('event', text), ['input'], defaultLimits));
    expect(withNul).toHaveProperty('problems.0.message', 'input.event: the string has the character U+0000, which cannot be stored');
    expect(withSurrogate).toHaveProperty('problems.0.message', 'input.event: the string has a lone surrogate, which is not Unicode text');
  });
});

describe('every other string is valid', () => {
  const fine = [
    '💥',
    '\ud83d\udca5',
    '\u0001',
    '\u007f',
    '\ufeff',
    '\ufffe',
    '\uffff',
    '\u202e',
    '\r\n\t',
    ' ',
    '"',
    '\\',
    '\\u0000',
    '%00',
    'é',
    'e\u0301',
  ];

  test.each([...texts, ...relatedTexts])('as %s, unchanged', (path) => {
    for (const text of fine) expect(JSON.stringify(draftOf(eventWith(path, text)))).toContain(JSON.stringify(text));
  });

  test('in the payload', () => {
    const payload = { list: fine, ...Object.fromEntries(fine.map((key) => [key, key])) };
    expect(draftOf(eventWith('payload', payload)).payload).toEqual(payload);
  });

  test('whatever its code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (text) => {
        expect(unstorableReason(text) === null).toBe(!text.includes('\0'));
      }),
    );
  });

  test('whatever its code units, if UTF-8 encodes them', () => {
    const units = fc.array(fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })), { maxLength: 8 });
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        expect(unstorableReason(text) === null).toBe(Buffer.from(text).toString() === text);
      }),
    );
  });
});
