import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentBytes } from '../../../src/event/document.ts';
import { parseJson } from '../../../src/json/parse-json.ts';
import { draftOf, eventWith, problemsOf, validEvent } from '../support/valid-event.ts';

const texts = [
  ['id', 255],
  ['follows', 255],
  ['event', 1024],
  ['resource.id', 1024],
  ['related.1.id', 1024],
  ['related.1.role', 1024],
  ['resource.name', 10_000],
  ['related.1.name', 10_000],
  ['resource.labels.plan', 10_000],
  ['related.1.labels.team', 10_000],
] as const;

describe('TOO_LONG', () => {
  test.each(texts)('%s may have %i characters, and not one more', (path, maximal) => {
    expect(problemsOf(eventWith(path, 'x'.repeat(maximal)))).toEqual([]);
    expect(problemsOf(eventWith(path, 'x'.repeat(maximal + 1)))).toEqual([`TOO_LONG input.3.${path}`]);
  });

  test.each(texts)('%s: a character is a code point, whatever it takes in UTF-16', (path, maximal) => {
    expect(problemsOf(eventWith(path, '💥'.repeat(maximal)))).toEqual([]);
    expect(problemsOf(eventWith(path, `${'💥'.repeat(maximal)}x`))).toEqual([`TOO_LONG input.3.${path}`]);
    expect(problemsOf(eventWith(path, 'e\u0301'.repeat(maximal)))).toEqual([`TOO_LONG input.3.${path}`]);
  });

  test.each(['resource', 'related.1'])('a label key of %s may have 255 characters, and not one more', (path) => {
    const [maxText, tooLong] = ['💥'.repeat(255), '💥'.repeat(256)];
    expect(problemsOf(eventWith(`${path}.labels`, { [maxText]: 'x' }))).toEqual([]);
    expect(problemsOf(eventWith(`${path}.labels`, { a: 'x', [tooLong]: 'x' }))).toEqual([`TOO_LONG input.3.${path}.labels.${tooLong}`]);
  });

  test('payload strings and keys are only bounded by the size of the event', () => {
    expect(problemsOf(eventWith('payload', { ['k'.repeat(100_000)]: 'x'.repeat(1_000_000) }))).toEqual([]);
  });
});

describe('TOO_MANY', () => {
  test.each(['resource', 'related.1'])('%s may have 500 labels, and not one more', (path) => {
    const event = eventWith(`${path}.name`, null);
    expect(problemsOf(withLabels(event, path, 500))).toEqual([]);
    expect(problemsOf(withLabels(event, path, 501))).toEqual([`TOO_MANY input.3.${path}.labels`]);
  });

  test.each(['resource', 'related.1'])('the name of %s is one of them', (path) => {
    const event = eventWith(`${path}.name`, 'Kiki');
    expect(problemsOf(withLabels(event, path, 499))).toEqual([]);
    expect(problemsOf(withLabels(event, path, 500))).toEqual([`TOO_MANY input.3.${path}.labels`]);
    expect(problemsOf(withLabels(event, path, 499, { 'prefect.resource.name': 'Kiki' }))).toEqual([]);
  });

  test('an event may have 100 related resources, and not one more', () => {
    const related = Array.from({ length: 101 }, (_, index) => ({ id: `r${index}`, role: 'part' }));
    expect(problemsOf(eventWith('related', related.slice(1)))).toEqual([]);
    expect(problemsOf(eventWith('related', related))).toEqual(['TOO_MANY input.3.related']);
  });
});

describe('TOO_LARGE', () => {
  test('an event may have 1,500,000 bytes as a document, and not one more', () => {
    const room = 1_500_000 - documentBytes(draftOf(eventWith('payload', { text: '' })));
    expect(problemsOf(eventWith('payload', { text: 'x'.repeat(room) }))).toEqual([]);
    expect(problemsOf(eventWith('payload', { text: 'x'.repeat(room + 1) }))).toEqual(['TOO_LARGE input.3']);
  });

  test('bytes are those of UTF-8, escapes included', () => {
    const [empty, ...others] = ['', 'é', '💥', '"', '\u0001'].map((text) => documentBytes(draftOf(eventWith('payload', { text }))));
    expect(others.map((bytes) => bytes - empty!)).toEqual([2, 4, 2, 6]);
  });

  test('one byte more than the limit is reported, whatever the event contains', () => {
    const number = fc.constantFrom<unknown>(-1.7976931348623157e308, 0, 17, parseJson('9007199254740993'), parseJson('1e400'));
    const candidates = fc.constantFrom('\u0001', '💥', 'é', '"', 'x').chain((unit) => {
      const text = fc.integer({ min: 1, max: 30 }).map((length) => unit.repeat(length));
      const labels = fc.dictionary(text, text, { maxKeys: 3 });
      const { value } = fc.letrec<{ value: unknown }>((tie) => ({
        value: fc.oneof({ maxDepth: 3 }, text, number, fc.array(number), fc.constantFrom(null, true), fc.dictionary(text, tie('value'))),
      }));
      return fc.record({
        id: text,
        occurred: fc.constant(validEvent.occurred),
        event: text,
        resource: fc.record({ id: text, labels, name: fc.option(text) }),
        related: fc.array(fc.record({ id: text, role: text, labels })),
        payload: fc.option(fc.dictionary(text, value)),
        follows: fc.option(text),
      });
    });
    fc.assert(
      fc.property(candidates, (any) => {
        const eventBytes = documentBytes(draftOf(any));
        expect([problemsOf(any, { eventBytes }), problemsOf(any, { eventBytes: eventBytes - 1 })]).toEqual([[], ['TOO_LARGE input.3']]);
      }),
      { numRuns: 2000 },
    );
  });

  test('the check of an event that is much too large stops early', () => {
    const texts = Array.from({ length: 1000 }, () => 'x'.repeat(10_000));
    const read: number[] = [];
    const list = new Proxy(texts, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) read.push(Number(key));
        return Reflect.get(target, key) as unknown;
      },
    });
    expect(problemsOf(eventWith('payload', { list }))).toEqual(['TOO_LARGE input.3']);
    expect(read.length).toBeLessThan(310); // twice the limit
  });
});

test('every limit is a setting', () => {
  const path = ['id', 'event', 'resource.id', 'related.1.role'] as const;
  const limits = ['eventIdLength', 'eventNameLength', 'resourceIdLength', 'roleLength'] as const;
  for (const [index, limit] of limits.entries()) {
    expect(problemsOf(eventWith(path[index]!, 'x'.repeat(40)), { [limit]: 40 })).toEqual([]);
    expect(problemsOf(eventWith(path[index]!, 'x'.repeat(41)), { [limit]: 40 })).toEqual([`TOO_LONG input.3.${path[index]}`]);
  }
  expect(problemsOf(validEvent, { labelKeyLength: 3 })).toEqual([
    'TOO_LONG input.3.resource.labels.plan',
    'TOO_LONG input.3.related.1.labels.team',
  ]);
  expect(problemsOf(eventWith('related', []), { labelValueLength: 3 })).toEqual([
    'TOO_LONG input.3.resource.labels.plan',
    'TOO_LONG input.3.resource.name',
  ]);
  expect(problemsOf(eventWith('related', []), { labelsPerResource: 1 })).toEqual(['TOO_MANY input.3.resource.labels']);
  expect(problemsOf(validEvent, { relatedResources: 1 })).toEqual(['TOO_MANY input.3.related']);
  expect(problemsOf(validEvent, { eventBytes: 100 })).toEqual(['TOO_LARGE input.3']);
  expect(problemsOf(validEvent, { payloadDepth: 2 })).toEqual(['INVALID input.3.payload.attempts.1']);
});

function withLabels(event: any, path: string, count: number, more: Readonly<Record<string, string>> = {}): any {
  const labels = Object.fromEntries(Array.from({ length: count - Object.keys(more).length }, (_, index) => [`l${index}`, 'x']));
  const [field, index] = path.split('.');
  const resource = index === undefined ? event[field!] : event[field!][index];
  resource.labels = { ...labels, ...more };
  return event;
}
