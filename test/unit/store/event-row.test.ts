import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { documentBytes, documentBytesUpperBound, toDocument } from '../../../src/event/document.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { batchLength } from '../../../src/subscriptions/stream/batch-limit.ts';
import { anyStoredEvent, rowEventOf, storedAs } from '../support/stored-events.ts';

const everythingOf = (event: StoredEvent) => stringifyJson([toDocument(event), event.received, event.position]);

test('an event that parses what is used of its row is the same event', () => {
  const compare = (event: StoredEvent): void => {
    expect(everythingOf(rowEventOf(event))).toBe(everythingOf(event));
  };
  fc.assert(fc.property(anyStoredEvent, compare), { numRuns: 300 });
});

test('the payload of a row keeps numbers that no double holds', () => {
  const payload = '{"n": 9007199254740993, "list": [0.1000000000000000000000001]}';
  const event = rowEventOf(storedAs({ id: 'a', event: 'b', resource: { id: 'c' } }), payload);
  expect(stringifyJson(event.payload)).toBe(payload.replaceAll(' ', ''));
  expect(event.jsonTextOf('payload')).toBe(payload);
});

// Small resources, whose names of fields are longer in a document, and texts of three bytes a character.
const related = { id: 'a', role: 'b' };
test.each([
  ['many related resources', { related: Array.from({ length: 100 }, () => related) }],
  ['labels that are escaped', { resource: { id: '\u0001'.repeat(500), labels: { ['\u0002'.repeat(100)]: '\u0003'.repeat(1000) } } }],
  ['texts of three bytes a character', { payload: { text: '\u20ac'.repeat(5000) } }],
  ['nothing but the required members', {}],
])('the size of a row with %s is not underestimated', (_what, members) => {
  const event = storedAs({ id: 'a', event: 'b', resource: { id: 'c' }, ...members });
  expect(documentBytesUpperBound(rowEventOf(event))).toBeGreaterThanOrEqual(documentBytes(event));
});

function lengthOf(events: readonly StoredEvent[], maxBytes: number): number {
  const length = batchLength(events, { maxEvents: 5, maxBytes });
  return length === 'MORE' ? lengthOf(events, maxBytes) : length;
}

test('nor that of any other row, so batches are cut as those of live events', () => {
  const compare = (events: readonly StoredEvent[], maxBytes: number): void => {
    const rows = events.map((each) => rowEventOf(each));
    for (const [index, row] of rows.entries()) expect(documentBytesUpperBound(row)).toBeGreaterThanOrEqual(documentBytes(events[index]!));
    expect(lengthOf(rows, maxBytes)).toBe(lengthOf(events, maxBytes));
  };
  fc.assert(fc.property(fc.array(anyStoredEvent, { maxLength: 8 }), fc.nat(1500), compare), { numRuns: 300 });
});
