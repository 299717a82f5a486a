import { expect, test } from 'vitest';
import { ExactNumber, parseLossless } from '../../../src/client/tidings-client.ts';
import type { ListedEvent } from '../../../src/web/data/row-selection.ts';
import { columnValue, rowSelection } from '../../../src/web/data/row-selection.ts';
import { dayOf, shortDate } from '../../../src/web/list/day-lines.ts';
import { lateText, relatedTexts, valueText } from '../../../src/web/list/row-texts.ts';
import { pillText } from '../../../src/web/text/pill-text.ts';

const event: ListedEvent = {
  id: 'e',
  cursor: 'c',
  event: 'acme.order.paid',
  occurred: '2026-11-23T23:59:59.999999Z',
  received: '2026-11-24T00:00:30.000000Z',
  resource: { id: 'acme.order.1', name: null, c0: 'eu' },
  related: [],
  follows: null,
  payloadBytes: 2,
};

test('an event is late if it was received over a minute after it occurred', () => {
  expect(lateText(event)).toBe(null);
  expect(lateText({ ...event, received: '2026-11-24T03:10:00.000000Z' })).toBe('late 3 h');
  expect(lateText({ ...event, received: '2026-11-23T00:00:00.000000Z' })).toBe(null); // the clock of the client is ahead
});

test('values of columns are texts: numbers keep their digits, and characters that mislead are escaped', () => {
  expect([null, undefined, '', 'eu', 12.5, true].map(valueText)).toEqual(['', '', '', 'eu', '12.5', 'true']);
  expect(valueText(parseLossless('9007199254740993'))).toBe('9007199254740993');
  expect(valueText({ a: [new ExactNumber('1e400')] })).toBe('{"a":[1e400]}');
  expect(valueText('a\u202Eb\n')).toBe(String.raw`a\u{202e}b\n`);
  expect(valueText('x'.repeat(1_000_000))).toHaveLength(301);
});

test('a row shows three related resources and the number of the others', () => {
  const related = Array.from({ length: 5 }, (_, n) => ({ role: 'actor', id: `user.${n}`, name: n === 0 ? 'Kiki' : null }));
  const { shown, more } = relatedTexts({ ...event, related });
  expect(shown.map(({ role, name }) => `${role}=${name}`)).toEqual(['actor=Kiki', 'actor=user.1', 'actor=user.2']);
  expect(more).toBe(2);
});

test('the first row of a day has its date, in the zone of the list', () => {
  const row = (occurred: string) => ({ event: { ...event, occurred }, gap: null, occurred, rank: 1, arrivedAt: null, bytes: 0 });
  const [late, early] = [row('2026-11-23T23:30:00.000000Z'), row('2026-11-23T22:30:00.000000Z')];
  expect(dayOf(early, late, 'UTC')).toBe(null);
  expect(dayOf(early, late, 'Europe/Berlin')).toMatch(/^23 Nov/);
  expect(dayOf(late, undefined, 'Europe/Berlin')).toMatch(/^24 Nov/);
  expect(shortDate('2026-11-03', 2026)).toBe('3 Nov');
  expect(shortDate('2015-01-31', 2026)).toBe('31 Jan 2015');
});

test('the pill counts late events apart', () => {
  expect(pillText({ count: 37, late: 1 }, 0)).toBe('36 new, 1 late');
  expect(pillText({ count: 12_345, late: 0 }, 3)).toBe('12,345 new');
  expect(pillText({ count: 0, late: 0 }, 3)).toBe('3 new above');
  expect(pillText({ count: 0, late: 0 }, 0)).toBe(null);
});

test('rows select no payload but the values of columns, whatever their names', () => {
  const select = rowSelection(['region', 'payload.a."b.c".0', 'label.payload.x', '") { evil']);
  expect(rowSelection([])).not.toMatch(/\bpayload\b/);
  expect(select).toContain('c0: label(key: "region")');
  expect(select).toContain(String.raw`c1: payloadAt(path: "a.\"b.c\".0")`);
  expect(select).toContain('c2: label(key: "payload.x")');
  expect(select).toContain(String.raw`c3: label(key: "\") { evil")`);
  expect(columnValue(event, 0)).toBe('eu');
  expect(columnValue({ ...event, c1: false } as ListedEvent, 1)).toBe(false);
});
