import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCursor, origin, parseCursor, type EventOrder, type PageCursor, type Position } from '../../../src/event/cursor.ts';
import { fromMicros } from '../../../src/event/instant.ts';
import { codePoint } from '../support/code-points.ts';
import { rejection } from '../support/rejection.ts';

const orders: readonly EventOrder[] = ['LOG', 'NEWEST_FIRST', 'OLDEST_FIRST'];
const epochs = fc.stringMatching(/^[0-9a-f]{12}$/);
const positions = fc.maxSafeNat() as fc.Arbitrary<Position>;
const instants = fc.bigInt({ min: -62_167_219_200_000_000n, max: 253_402_300_799_999_999n }).map((micros) => fromMicros(micros)!);
const logCursors: fc.Arbitrary<PageCursor> = fc.record({ order: fc.constant('LOG' as const), epoch: epochs, position: positions });
const timedCursors: fc.Arbitrary<PageCursor> = fc.record({
  order: fc.constantFrom('NEWEST_FIRST' as const, 'OLDEST_FIRST' as const),
  epoch: epochs,
  position: positions,
  occurred: instants,
});
const cursors = fc.oneof(logCursors, timedCursors);

const pageCursor: PageCursor = { order: 'LOG', epoch: '0123456789ab', position: 4711 as Position };
const timed = (order: 'NEWEST_FIRST' | 'OLDEST_FIRST'): PageCursor => ({ ...pageCursor, order, occurred: fromMicros(0n)! });

describe('a cursor decodes to the position that it encodes', () => {
  test('in every order, at every position', () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(parseCursor(formatCursor(cursor), cursor.order, ['after'])).toEqual(cursor);
      }),
    );
  });

  test('without an order it is a position in the log', () => {
    const text = formatCursor({ epoch: 'ffffffffffff', position: origin });
    expect(parseCursor(text, 'LOG', ['after'])).toEqual({ order: 'LOG', epoch: 'ffffffffffff', position: 0 });
  });

  test('two positions have two texts', () => {
    fc.assert(
      fc.property(cursors, cursors, (a, b) => {
        fc.pre(JSON.stringify(Object.entries(a)) !== JSON.stringify(Object.entries(b)));
        expect(formatCursor(a)).not.toBe(formatCursor(b));
      }),
    );
  });

  test('its text needs no escape in a URL', () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(formatCursor(cursor)).toMatch(/^[\w-]+$/);
      }),
    );
  });
});

describe('a text that is not from a response is BAD_CURSOR, with its path', () => {
  const zeros = Buffer.alloc(20).toString('base64url');
  const texts = ['', ' ', 'x', 'null', '0', 'NDcxMQ==', zeros, 'A'.repeat(28), 'A'.repeat(38), 'arrayconnection:1', '\0', '💥', '\ud800'];
  test.each(texts)('%j', (text) => {
    for (const order of orders) expect(reading(text, order)).toEqual(rejectionOf);
  });

  test('any text', () => {
    const texts = fc.oneof(fc.string({ unit: codePoint }), fc.base64String({ minLength: 24, maxLength: 40 }));
    fc.assert(
      fc.property(texts, fc.constantFrom(...orders), (text, order) => {
        expect(reading(text, order)).toEqual(rejectionOf);
      }),
    );
  });

  test('a cursor with characters added or removed', () => {
    fc.assert(
      fc.property(cursors, fc.nat(), (cursor, cut) => {
        const text = formatCursor(cursor);
        expect(reading(text.slice(0, cut % text.length), cursor.order)).toEqual(rejectionOf);
        expect(reading(text.slice(1 + (cut % text.length)), cursor.order)).toEqual(rejectionOf);
        const longer = [`${text}=`, `${text}A`, `${text} `, ` ${text}`, `A${text}`, `${text}\n`, `${text}${text}`];
        for (const other of longer) expect(reading(other, cursor.order)).toEqual(rejectionOf);
      }),
    );
  });

  test('a cursor in the other base64 alphabet', () => {
    const text = formatCursor({ ...pageCursor, epoch: 'fbeffbeffbef' });
    expect(text).toMatch(/[-_]/);
    expect(reading(text.replaceAll('-', '+').replaceAll('_', '/'), 'LOG')).toEqual(rejectionOf);
  });

  test('the message quotes a long text only in part', () => {
    expect(() => parseCursor('A'.repeat(100_000), 'LOG', ['after'])).toThrow(/^after: expected a cursor from a response, got "A{60}…"$/);
  });
});

test('a cursor with one character changed never decodes to another position', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= ';
  for (const cursor of [pageCursor, timed('NEWEST_FIRST'), timed('OLDEST_FIRST')]) {
    const text = formatCursor(cursor);
    for (let at = 0; at < text.length; at += 1) {
      for (const character of alphabet.replace(text[at]!, '')) {
        const mutated = text.slice(0, at) + character + text.slice(at + 1);
        for (const order of orders) expect(reading(mutated, order)).toEqual(rejectionOf);
      }
    }
  }
});

test('a cursor with two neighbouring characters exchanged does not decode either', () => {
  fc.assert(
    fc.property(cursors, fc.nat(), (cursor, n) => {
      const text = formatCursor(cursor);
      const at = n % (text.length - 1);
      fc.pre(text[at] !== text[at + 1]);
      expect(reading(text.slice(0, at) + text[at + 1]! + text[at]! + text.slice(at + 2), cursor.order)).toEqual(rejectionOf);
    }),
  );
});

describe('a cursor works only in the order it came from', () => {
  const given = [pageCursor, timed('NEWEST_FIRST'), timed('OLDEST_FIRST')];
  test.each(
    given.flatMap((cursor) => orders.filter((order) => order !== cursor.order).map((order) => [cursor.order, order, cursor] as const)),
  )('one of %s is BAD_CURSOR in %s', (from, to, cursor) => {
    expect(reading(formatCursor(cursor), to)).toEqual(rejectionOf);
    expect(() => parseCursor(formatCursor(cursor), to, ['after'])).toThrow(
      `after: expected a cursor of order ${to}, got one of ${from}; a cursor works only in the order it came from`,
    );
  });
});

const rejectionOf = expect.objectContaining({ code: 'BAD_CURSOR', path: ['events', 'after'] });

function reading(text: string, order: EventOrder): unknown {
  return rejection(() => parseCursor(text, order, ['events', 'after']));
}
