import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calendar, timeUnits, type TimeUnit } from '../../../src/counts/calendar.ts';
import { timeZone } from '../../../src/counts/time-zone.ts';
import { oracleStart } from '../../support/oracles/calendar-oracle.ts';

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/St_Johns', // changed its clocks at one minute past midnight until 2011
  'Australia/Lord_Howe', // changes by half an hour
  'Asia/Kathmandu', // 5:45
  'America/Santiago', // changes at midnight
  'Pacific/Apia', // skipped 30 December 2011
  'Africa/Casablanca', // changes four times a year
];

describe('time is divided as the clocks of a zone show it', () => {
  test.each([
    ['a day of 23 hours', 'DAY', 1, 'Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ['a day of 25 hours', 'DAY', 1, 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    ['an hour the first time', 'HOUR', 1, 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'],
    ['an hour the second time', 'HOUR', 1, 'Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
    [
      'six hours, of which one occurs twice',
      'HOUR',
      6,
      'Europe/Berlin',
      '2026-10-25T01:30:00Z',
      '2026-10-24T22:00:00Z',
      '2026-10-25T05:00:00Z',
    ],
    [
      'half an hour that occurs twice',
      'HOUR',
      1,
      'Australia/Lord_Howe',
      '2026-04-04T15:10:00Z',
      '2026-04-04T14:00:00Z',
      '2026-04-04T15:30:00Z',
    ],
    [
      'half an hour that is skipped',
      'HOUR',
      1,
      'Australia/Lord_Howe',
      '2026-10-03T15:40:00Z',
      '2026-10-03T15:30:00Z',
      '2026-10-03T16:00:00Z',
    ],
    ['a day that begins at one', 'DAY', 1, 'America/Santiago', '2026-09-06T12:00:00Z', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
    [
      'a day that returns for an hour',
      'DAY',
      1,
      'America/St_Johns',
      '2010-11-07T03:00:00Z',
      '2010-11-07T02:30:00Z',
      '2010-11-08T03:30:00Z',
    ],
    ['the day before a skipped one', 'DAY', 1, 'Pacific/Apia', '2011-12-30T08:00:00Z', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
    ['the day after it', 'DAY', 1, 'Pacific/Apia', '2011-12-30T12:00:00Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
    ['weeks from Monday', 'WEEK', 1, 'UTC', '2026-11-29T23:59:59Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
    ['quarters', 'MONTH', 3, 'UTC', '2026-11-29T00:00:00Z', '2026-10-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['decades', 'YEAR', 10, 'UTC', '2026-11-29T00:00:00Z', '2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z'],
    ['quarters of an hour', 'MINUTE', 15, 'Asia/Kathmandu', '2026-11-29T00:44:59Z', '2026-11-29T00:30:00Z', '2026-11-29T00:45:00Z'],
    ['an hour there', 'HOUR', 1, 'Asia/Kathmandu', '2026-11-29T00:44:59Z', '2026-11-29T00:15:00Z', '2026-11-29T01:15:00Z'],
  ] as const)('%s', (_name, unit, every, zone, at, start, end) => {
    const interval = calendar(unit, every, timeZone(zone)!).intervalAt(Date.parse(at) / 1000);
    expect([interval.start, interval.end].map((second) => new Date(second * 1000).toISOString())).toEqual(
      [start, end].map((text) => new Date(text).toISOString()),
    );
  });
});

test('every second is in the interval of its definition, and intervals follow one another', () => {
  const seconds = (from: string, to: string) => fc.integer({ min: Date.parse(from) / 1000, max: Date.parse(to) / 1000 });
  const second = fc.oneof(
    seconds('1975-01-01T00:00:00Z', '2040-01-01T00:00:00Z'),
    seconds('0000-01-02T00:00:00Z', '9999-12-30T00:00:00Z'),
    nearChange,
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom(...timeUnits),
      fc.constantFrom(1, 1, 2, 5, 6, 7, 12, 90),
      second,
      (zone, unit, every, at) => {
        const { intervalAt } = intervalsOf(unit, every, zone);
        const { start, end } = intervalAt(at);
        if (start === -Infinity || end === Infinity) return;
        const how = { unit, every, timeZone: zone };
        expect(start).toBeLessThanOrEqual(at);
        expect(end).toBeGreaterThan(at);
        expect(oracleStart(at, how)).toBe(start);
        expect(oracleStart(end, how)).toBe(end);
        expect(intervalAt(end - 1)).toEqual({ start, end });
        expect(intervalAt(end).start).toBe(end);
      },
    ),
    { numRuns: Number(process.env['TIDINGS_CALENDAR_RUNS'] ?? 400) },
  );
});

test('the first and the last interval of all years are open', () => {
  const { intervalAt } = intervalsOf('YEAR', 1_000_000, 'Europe/Berlin');
  expect(intervalAt(Date.parse('2026-01-01T00:00:00Z') / 1000)).toEqual({ start: expect.any(Number), end: Infinity });
  expect(intervalsOf('HOUR', 1_000_000, 'Europe/Berlin').intervalAt(Date.parse('0000-01-01T00:00:00Z') / 1000).start).toBe(-Infinity);
});

test.each(['Nowhere/Land', '', '+01:00', 'Europe/Berlin ', '../etc', 'Europe'])('%j is not a time zone', (name) => {
  expect(timeZone(name)).toBeNull();
});

/** Within 25 hours of a change of the clocks. */
const nearChange = fc
  .tuple(
    fc.constantFrom(
      '2026-03-29T01:00:00Z',
      '2026-10-25T01:00:00Z',
      '2010-11-07T02:31:00Z',
      '2010-03-14T03:31:00Z',
      '2026-04-04T15:00:00Z',
      '2026-10-03T15:30:00Z',
      '2026-09-06T04:00:00Z',
      '2026-04-05T03:00:00Z',
      '2011-12-30T10:00:00Z',
      '1986-01-01T00:00:00Z',
    ),
    fc.integer({ min: -90_000, max: 90_000 }),
  )
  .map(([at, beside]) => Date.parse(at) / 1000 + beside);

function intervalsOf(unit: TimeUnit, every: number, zone: string) {
  const built = calendar(unit, every, timeZone(zone)!);
  return { intervalAt: (second: number) => built.intervalAt(second) };
}
