import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareCodePoints, prefixSuccessor } from '../../../src/event/text.ts';
import {
  formatCursor,
  parseCursor,
  type Position,
  formatResourceCursor,
  parseResourceCursor,
  encodeWithChecksum,
} from '../../../src/event/cursor.ts';
import { storableText } from '../support/code-points.ts';
import { rejection } from '../support/rejection.ts';

const rejectionOf = expect.objectContaining({ code: 'BAD_CURSOR', path: ['after'] });
const text = storableText(0, 12);
const ids = storableText(1, 12);
const reading = (cursor: string): unknown => rejection(() => parseResourceCursor(cursor, ['after']));

test('a cursor decodes to the id that it encodes', () => {
  fc.assert(
    fc.property(ids, (id) => {
      expect(parseResourceCursor(formatResourceCursor(id), ['after'])).toBe(id);
    }),
  );
});

test('a cursor with one character changed, and any other text, is BAD_CURSOR', () => {
  fc.assert(
    fc.property(ids, fc.nat(), fc.base64String(), (id, at, other) => {
      const cursor = formatResourceCursor(id);
      const index = at % cursor.length;
      const changed = cursor.slice(0, index) + (cursor[index] === 'A' ? 'B' : 'A') + cursor.slice(index + 1);
      for (const each of [changed, cursor.slice(1), `${cursor}A`, other]) expect(reading(each)).toEqual(rejectionOf);
    }),
  );
  for (const bytes of [[4], [4, 0], [4, 0xff], [5, 97], []]) expect(reading(encodeWithChecksum(Buffer.from(bytes)))).toEqual(rejectionOf);
});

test('cursors of resources and of events are not confused', () => {
  for (const order of ['LOG', 'NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
    const ofEvents = formatCursor({
      order,
      epoch: '0123456789ab',
      position: 7 as Position,
      occurred: '2026-01-01T00:00:00.000000Z' as any,
    });
    expect(reading(ofEvents)).toEqual(rejectionOf);
    // As long as the cursors of events.
    for (const length of [15, 23]) {
      expect(rejection(() => parseCursor(formatResourceCursor('x'.repeat(length)), order, ['after']))).toEqual(rejectionOf);
    }
  }
});

test('the successor of a prefix is above all texts that begin with it, and below all greater ones', () => {
  fc.assert(
    fc.property(text, text, text, (prefix, end, other) => {
      const behind = prefixSuccessor(prefix);
      const before = (each: string): boolean => behind === null || compareCodePoints(each, behind) < 0;
      expect(before(prefix + end)).toBe(true);
      expect(compareCodePoints(other, prefix) >= 0 && before(other)).toBe(other.startsWith(prefix));
    }),
  );
  expect([prefixSuccessor(''), prefixSuccessor('\u{10ffff}'), prefixSuccessor('a\u{10ffff}'), prefixSuccessor('\ud7ff')]).toEqual([
    null,
    null,
    'b',
    '\ue000',
  ]);
});
