import { assert, constantFrom, integer, property, record, stringMatching } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationText, formatInstant, fullTime, parseLocal, relativeTo } from '../../../src/web/text/time-format.ts';
import { instantAt, readInstant, writeInstant } from '../../../src/web/text/time-instant.ts';
import { relativeWords, resolveTime } from '../../../src/web/text/time-range.ts';
import { allZones, findZones, isZone, localZone, offsetAt, shortOffset, zoneOrLocal } from '../../../src/web/text/time-zone.ts';

const second = { min: Date.parse('0001-01-02T00:00:00Z') / 1000, max: Date.parse('9999-12-30T00:00:00Z') / 1000 };
const moments = record({ second: integer(second), fraction: stringMatching(/^\d{6}$/) });
const someZones = [
  'UTC',
  'Europe/Berlin',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
  'Africa/Monrovia',
];

describe('instants', () => {
  test('round-trip with all their digits', () => {
    assert(
      property(moments, (moment) => {
        expect(readInstant(writeInstant(moment)!)).toEqual(moment);
      }),
    );
  });

  test('of other forms are not read', () => {
    for (const text of ['', 'now', '2026-11-23', '2026-13-23T14:41:10Z', '2026-11-23T14:41:10+01:00']) {
      expect(readInstant(text)).toBeNull();
    }
  });

  test('from milliseconds, also before 1970 and beyond what an instant can be', () => {
    expect(instantAt(1.5)).toBe('1970-01-01T00:00:00.001500Z');
    expect(instantAt(-1)).toBe('1969-12-31T23:59:59.999000Z');
    expect(instantAt(-1e15)).toBe('0000-01-01T00:00:00.000000Z');
    expect(instantAt(1e15)).toBe('9999-12-31T23:59:59.999999Z');
  });
});

describe('local times', () => {
  test.each([
    ['2026-11-23T14:41:10.863461Z', 'Europe/Berlin', '2026-11-23 15:41:10.863461 +01:00'],
    ['2026-11-23T14:41:10.863461Z', 'UTC', '2026-11-23 14:41:10.863461 +00:00'],
    ['2026-11-23T14:41:10.863461Z', 'Asia/Kolkata', '2026-11-23 20:11:10.863461 +05:30'],
    ['2026-11-23T01:00:00.000001Z', 'America/St_Johns', '2026-11-22 21:30:00.000001 -03:30'],
    ['2026-11-23T14:41:10.863461Z', 'Asia/Kathmandu', '2026-11-23 20:26:10.863461 +05:45'],
    ['2026-03-29T00:59:59.999999Z', 'Europe/Berlin', '2026-03-29 01:59:59.999999 +01:00'],
    ['2026-03-29T01:00:00.000000Z', 'Europe/Berlin', '2026-03-29 03:00:00.000000 +02:00'],
    ['2026-10-25T00:30:00.000000Z', 'Europe/Berlin', '2026-10-25 02:30:00.000000 +02:00'],
    ['2026-10-25T01:30:00.000000Z', 'Europe/Berlin', '2026-10-25 02:30:00.000000 +01:00'],
    ['1893-03-31T23:06:31.999999Z', 'Europe/Berlin', '1893-03-31 23:59:59.999999 +00:53:28'],
    ['1893-03-31T23:06:32.000000Z', 'Europe/Berlin', '1893-04-01 00:06:32.000000 +01:00'],
    ['0001-01-01T00:00:00.000000Z', 'Europe/Berlin', '0001-01-01 00:53:28.000000 +00:53:28'],
    ['0001-01-01T00:00:00.000000Z', 'America/New_York', '0000-12-31 19:03:58.000000 -04:56:02'],
    ['0000-01-01T00:00:00.000000Z', 'America/New_York', '-000001-12-31 19:03:58.000000 -04:56:02'],
    ['9999-12-31T23:59:59.999999Z', 'UTC', '9999-12-31 23:59:59.999999 +00:00'],
    ['9999-12-31T23:59:59.999999Z', 'Pacific/Kiritimati', '+010000-01-01 13:59:59.999999 +14:00'],
  ])('%s in %s is %s', (instant, zone, expected) => {
    expect(fullTime(instant, zone)).toBe(expected);
  });

  test('have parts, and are the text itself when it is no instant', () => {
    const expected = { date: '2026-11-23', time: '15:41:10', fraction: '863461', offset: '+01:00' };
    expect(formatInstant('2026-11-23T14:41:10.863461Z', 'Europe/Berlin')).toEqual(expected);
    expect(formatInstant('later', 'UTC').time).toBe('later');
  });

  test('with their offset mean the instant again, in every zone', () => {
    assert(
      property(moments, constantFrom(...someZones), (moment, zone) => {
        const instant = writeInstant(moment)!;
        const { date, time, fraction, offset } = formatInstant(instant, zone);
        const [hours, minutes, seconds = 0] = offset.slice(1).split(':').map(Number) as [number, number, number?];
        const size = (offset.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
        expect(writeInstant({ second: Date.parse(`${date}T${time}Z`) / 1000 - size, fraction })).toBe(instant);
      }),
    );
  });
});

describe('entered times', () => {
  test.each([
    ['2026-11-23', 'Europe/Berlin', '2026-11-22T23:00:00.000000Z'],
    ['2026-11-23 14:41', 'Europe/Berlin', '2026-11-23T13:41:00.000000Z'],
    [' 2026-11-23T14:41:10.8634615 ', 'UTC', '2026-11-23T14:41:10.863461Z'],
    ['2026-11-23 14:41:10,5', 'Asia/Kathmandu', '2026-11-23T08:56:10.500000Z'],
    ['2026-11-23 14:41:10Z', 'Europe/Berlin', '2026-11-23T14:41:10.000000Z'],
    ['2026-11-23 14:41:10 -03:30', 'Europe/Berlin', '2026-11-23T18:11:10.000000Z'],
    ['2026-10-25 02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000000Z'], // shown twice: the first
    ['2026-03-29 02:30', 'Europe/Berlin', '2026-03-29T01:30:00.000000Z'], // skipped: 03:30
    ['2026-11-01 01:30', 'America/New_York', '2026-11-01T05:30:00.000000Z'],
    ['0001-01-02 00:00', 'Europe/Berlin', '0001-01-01T23:06:32.000000Z'],
    ['9999-12-31 23:59:59', 'UTC', '9999-12-31T23:59:59.000000Z'],
  ])('%s in %s is %s', (text, zone, expected) => {
    expect(parseLocal(text, zone)).toBe(expected);
  });

  test.each([
    '',
    'yesterday',
    '2026-02-30',
    '2026-11-23 24:00',
    '2026-11-23 14',
    '23.11.2026',
    '9999-12-31 23:59 -01:00',
    '2026-11-23 14:41 +99:00',
  ])('%j is none', (text) => expect(parseLocal(text, 'UTC')).toBeNull());

  test('read what is shown, except where clocks show a time twice', () => {
    assert(
      property(moments, constantFrom(...someZones), (moment, zone) => {
        const instant = writeInstant(moment)!;
        const { date, time, fraction } = formatInstant(instant, zone);
        const read = parseLocal(`${date} ${time}.${fraction}`, zone)!;
        expect(formatInstant(read, zone)).toMatchObject({ date, time, fraction });
        expect(read <= instant).toBe(true);
      }),
    );
  });
});

test('relative times name the largest unit', () => {
  const now = Date.parse('2026-11-23T14:41:10.500Z');
  expect(relativeTo('2026-11-23T14:41:10.400000Z', now)).toBe('just now');
  expect(relativeTo('2026-11-23T14:41:09.000000Z', now)).toBe('1 s ago');
  expect(relativeTo('2026-11-23T14:38:00.000000Z', now)).toBe('3 min ago');
  expect(relativeTo('2026-11-23T12:38:00.000000Z', now)).toBe('2 h ago');
  expect(relativeTo('2026-11-22T14:38:00.000000Z', now)).toBe('1 day ago');
  expect(relativeTo('2026-11-23T16:41:11.000000Z', now)).toBe('in 2 h');
  expect(relativeTo('0001-01-01T00:00:00.000000Z', now)).toBe('2025 years ago');
  expect(durationText(366 * 86_400)).toBe('1 year');
  expect(durationText(365 * 86_400)).toBe('1 year');
});

test('ends of ranges are instants or times before now', () => {
  const now = Date.parse('2026-11-23T14:41:10.500Z');
  expect(resolveTime('-15m', now)).toBe('2026-11-23T14:26:10.500000Z');
  expect(resolveTime('-7d', now)).toBe('2026-11-16T14:41:10.500000Z');
  expect(resolveTime('2026-11-23T14:26:10.863461Z', now)).toBe('2026-11-23T14:26:10.863461Z');
  expect(resolveTime('-9999999w', now)).toBe('0000-01-01T00:00:00.000000Z');
  for (const text of ['', '15m', '-m', '-1y', 'now', '2026-11-23']) expect(resolveTime(text, now)).toBeNull();
  expect([relativeWords('-1h'), relativeWords('-15m'), relativeWords('2026')]).toEqual(['1 hour', '15 minutes', null]);
});

describe('zones', () => {
  const summer = Date.parse('2026-07-01T00:00:00Z') / 1000;

  test('are known or not', () => {
    expect([isZone('Europe/Berlin'), isZone('UTC'), isZone('Europe/Atlantis'), isZone('')]).toEqual([true, true, false, false]);
    expect(zoneOrLocal('Mars/Olympus')).toBe(localZone());
    expect(zoneOrLocal('Asia/Tokyo')).toBe('Asia/Tokyo');
    expect(allZones()[0]).toBe('UTC');
    expect(new Set(allZones()).size).toBe(allZones().length);
  });

  test('are found by words and by offset', () => {
    expect(findZones('', summer)).toBe(allZones());
    expect(findZones('new york', summer)).toEqual(['America/New_York']);
    expect(findZones('york america', summer)).toEqual(['America/New_York']);
    expect(findZones('lond', summer)).toEqual(['Europe/London']);
    expect(findZones('+5:45', summer).map((zone) => offsetAt(zone, summer))).toContain(20_700);
    expect(findZones('-3:30', summer)).toEqual([]);
    expect(findZones('−2:30', summer)).toEqual(['America/St_Johns']);
    expect(findZones('nowhere', summer)).toEqual([]);
    expect(findZones('ber', summer)[0]).toMatch(/\/Ber/);
  });

  test('have short offsets', () => {
    expect([0, 3600, -12_600, 20_700].map(shortOffset)).toEqual(['', '+1', '−3:30', '+5:45']);
  });
});
