import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calendar } from '../../../src/counts/calendar.ts';
import { timeZone } from '../../../src/counts/time-zone.ts';
import { barName, intervalText } from '../../../src/web/histogram/bar-name.ts';
import { barsOf, kindsOf, maxKinds, reusedBars, totalsOf, type Bar } from '../../../src/web/histogram/bars.ts';
import { afterwards, domainOf, type Plan } from '../../../src/web/histogram/domain.ts';
import { ticksOf } from '../../../src/web/histogram/ticks.ts';
import { maxBars, scaleFor, scaleWords } from '../../../src/web/histogram/time-scale.ts';
import { rangeBetween, rangeOfBars, zoomedOut } from '../../../src/web/histogram/zoom.ts';
import { offsetAt } from '../../../src/web/text/time-zones.ts';

const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'America/Sao_Paulo', 'Pacific/Apia', 'Australia/Lord_Howe'];
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('scaleFor', () => {
  test.each([
    [15 * minute, '10 seconds'],
    [hour, '1 minute'],
    [day, '15 minutes'],
    [7 * day, '2 hours'],
    [30 * day, '12 hours'],
    [90 * day, '1 day'],
    [365 * day, '1 week'],
    [10 * 365 * day, '3 months'],
    [1, '1 second'],
  ])('divides %i ms into bars of %s', (length, expected) => {
    expect(scaleWords(scaleFor(length))).toBe(expected);
  });

  test('gives at most 120 intervals of the calendar of the server, wherever a range begins, and not needlessly few', () => {
    const lengths = fc.oneof(fc.integer({ min: 1, max: 3 * day }), fc.integer({ min: day, max: 3000 * day }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1.9e9 }), lengths, fc.constantFrom(...zones), (from, lengthMs, zone) => {
        const { unit, every } = scaleFor(lengthMs);
        const intervals = calendar(unit, every, timeZone(zone)!);
        let count = 0;
        for (let at = from; at < from + lengthMs / 1000; at = intervals.intervalAt(at).end) count += 1;
        expect(count).toBeLessThanOrEqual(maxBars);
        if (lengthMs > 2 * minute) expect(count).toBeGreaterThanOrEqual(14);
      }),
      { numRuns: 300, examples: [[288_261_430, 832_971, 'UTC']] },
    );
  });
});

describe('ticksOf', () => {
  const ticks = (from: string, to: string, zone = 'UTC', maxTicks = 10): readonly string[] =>
    ticksOf({ from: Date.parse(from), to: Date.parse(to), offsetAt: (second) => offsetAt(zone, second), maxTicks }).map(({ text }) => text);

  test.each([
    ['2026-11-29T10:00:00Z', '2026-11-29T10:15:00Z', ['29 Nov 10:00', '10:02', '10:04', '10:06', '10:08', '10:10', '10:12', '10:14']],
    ['2026-11-28T15:07:00Z', '2026-11-29T15:07:00Z', ['28 Nov 18:00', '21:00', '29 Nov', '03:00', '06:00', '09:00', '12:00', '15:00']],
    ['2026-11-29T10:00:00Z', '2026-11-29T10:00:08Z', ['29 Nov 10:00:00', ...[1, 2, 3, 4, 5, 6, 7].map((second) => `10:00:0${second}`)]],
    ['2026-11-20T10:00:00Z', '2026-11-27T10:00:00Z', ['21 Nov', '22 Nov', '23 Nov', '24 Nov', '25 Nov', '26 Nov', '27 Nov']],
    ['2026-10-30T00:00:00Z', '2026-11-29T00:00:00Z', ['1 Nov', '6 Nov', '11 Nov', '16 Nov', '21 Nov', '26 Nov']],
    ['2025-11-30T00:00:00Z', '2026-11-30T00:00:00Z', ['2026', 'Mar', 'May', 'Jul', 'Sep', 'Nov']],
    ['1970-01-01T00:00:00Z', '2026-11-30T00:00:00Z', ['1970', '1980', '1990', '2000', '2010', '2020']],
  ])('from %s to %s', (from, to, expected) => {
    expect(ticks(from, to)).toEqual(expected);
  });

  test('skips an hour that clocks skip, and marks hours of the zone', () => {
    expect(ticks('2026-03-28T22:00:00Z', '2026-03-29T06:00:00Z', 'Europe/Berlin')).toEqual(
      ['28 Mar 23:00', '29 Mar', '01:00', '03:00', '04:00', '05:00', '06:00', '07:00'], // 02:00 does not exist
    );
  });

  test('are in order, within the range and at most as many as asked for, in every zone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1.9e9 }),
        fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 4e8 }), fc.integer({ min: 1, max: 4e10 })),
        fc.constantFrom(...zones),
        (second, seconds, zone) => {
          const [from, to] = [second * 1000, (second + seconds) * 1000];
          const ticks = ticksOf({ from, to, offsetAt: (at) => offsetAt(zone, at), maxTicks: 10 }).map(({ at }) => at);
          expect(ticks.every((at, index) => index === 0 || at > (ticks[index - 1] ?? at))).toBe(true);
          expect(ticks.every((at) => at >= from && at < to)).toBe(true);
          expect(ticks.length).toBeLessThanOrEqual(11);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const bucket = (start: string, name: string | null, count: number) => ({
  keys: name === null ? [start] : [start, name],
  start: `2026-01-01T${start}:00.000000Z`,
  end: `2026-01-01T${start.slice(0, 3)}${Number(start.slice(3)) + 1}:00.000000Z`,
  count,
  firstOccurred: null,
  lastOccurred: null,
});

describe('bars', () => {
  test('stack the most frequent names; the rest is last', () => {
    const buckets = [bucket('10:00', 'a.b', 3), bucket('10:00', 'c', 1), bucket('10:01', 'a.b', 0), bucket('09:59', 'x.y', 2)];
    expect(barsOf({ buckets }, ['a.b', null, 'c']).map(({ start, total, parts }) => [start.slice(11, 16), total, parts])).toEqual([
      ['09:59', 2, [0, 0, 0, 2]],
      ['10:00', 4, [3, 0, 1, 0]],
      ['10:01', 0, [0, 0, 0, 0]],
    ]);
    expect(totalsOf({ buckets })).toEqual([
      { name: 'a.b', count: 3 },
      { name: 'x.y', count: 2 },
      { name: 'c', count: 1 },
    ]);
  });

  test('of counts by time alone are of no kind', () => {
    expect(barsOf({ buckets: [bucket('10:00', null, 3)] }, [])[0]?.parts).toEqual([3]);
  });

  test('a name keeps its place while it is among the most frequent, and those are exactly the shown ones', () => {
    const totals = fc.uniqueArray(fc.record({ name: fc.constantFrom(...'abcdefghij'), count: fc.integer({ min: 1, max: 5 }) }), {
      selector: ({ name }) => name,
    });
    fc.assert(
      fc.property(fc.array(totals, { minLength: 1, maxLength: 6 }), (history) => {
        let before: readonly (string | null)[] = [];
        for (const counts of history) {
          const kinds = kindsOf(counts, before);
          const shown = kinds.filter((name) => name !== null);
          const least = Math.min(...counts.filter(({ name }) => shown.includes(name)).map(({ count }) => count));
          expect(new Set(shown).size).toBe(Math.min(maxKinds, counts.length));
          expect(counts.every(({ name, count }) => shown.includes(name) || count <= least)).toBe(true);
          for (const [place, name] of before.entries()) if (name !== null && shown.includes(name)) expect(kinds[place]).toBe(name);
          before = kinds;
        }
      }),
    );
  });

  test('that did not change are the same objects after new counts', () => {
    const before = barsOf({ buckets: [bucket('10:00', 'a', 3), bucket('10:01', 'a', 1)] }, ['a']);
    const after = reusedBars(
      before,
      barsOf({ buckets: [bucket('10:00', 'a', 3), bucket('10:01', 'a', 2), bucket('10:02', 'a', 1)] }, ['a']),
    );
    expect(after.map(({ total }) => total)).toEqual([3, 2, 1]);
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false]);
  });

  test('have names that say interval and numbers', () => {
    const bar: Bar = { start: '2026-01-01T10:00:00.000000Z', end: '2026-01-01T10:10:00.000000Z', total: 1234, parts: [4, 1200, 30] };
    expect(barName(bar, { zone: 'Europe/Berlin', kinds: ['a\u202E', 'b'] })).toBe(
      String.raw`2026-01-01 11:00 to 11:10: 1,234 events, b 1,200, a\u{202e} 4, other 30`,
    );
    expect(intervalText({ start: '2026-01-01T00:00:00.000000Z', end: '2026-01-02T00:00:00.000000Z' }, 'UTC')).toBe('2026-01-01');
    expect(intervalText({ start: '2026-01-01T00:00:00.000000Z', end: '2026-02-01T00:00:00.000000Z' }, 'UTC')).toBe(
      '2026-01-01 to before 2026-02-01',
    );
    expect(intervalText({ start: '2026-01-01T00:00:05.000000Z', end: '2026-01-01T00:00:10.000000Z' }, 'UTC')).toBe(
      '2026-01-01 00:00:05 to 00:00:10',
    );
  });
});

describe('domainOf', () => {
  const at = (minutes: number): number => Date.parse('2026-01-01T10:00:00Z') + minutes * minute;
  const bar = (minutes: number, total: number): Bar => ({
    start: new Date(at(minutes)).toISOString(),
    end: new Date(at(minutes + 1)).toISOString(),
    total,
    parts: [total],
  });
  const plan = (since: number | null, until: number | null): Plan => ({
    scale: scaleFor(hour),
    since,
    until,
    isFixed: since !== null && until !== null,
    isGuess: false,
  });

  test('spans the whole range asked for, whatever the events', () => {
    expect(domainOf(plan(at(0), at(60)), [bar(5, 1)], at(90))).toEqual({ from: at(0), to: at(60) });
  });
  test('without bounds, spans the events', () => {
    expect(domainOf(plan(null, null), [bar(3, 0), bar(5, 1), bar(6, 0), bar(7, 2)], at(90))).toEqual({ from: at(5), to: at(8) });
  });
  test('without an end, goes on until now in whole bars', () => {
    expect(domainOf(plan(at(0), null), [bar(5, 1)], at(9) + 1)).toEqual({ from: at(0), to: at(10) });
  });
  test('is not extended by events of clocks that are ahead, and counts them', () => {
    const bars = [bar(5, 1), bar(500, 7)];
    const domain = domainOf(plan(null, null), bars, at(10));
    expect(domain).toEqual({ from: at(5), to: at(6) });
    expect(afterwards(bars, domain)).toBe(7);
  });

  test('zooming in takes whole bars, and zooming out three times the range, at most until now', () => {
    const bars = [bar(0, 1), bar(1, 1), bar(2, 0)];
    const wanted = { since: bars[0]!.start, until: bars[2]!.end };
    expect(rangeOfBars(bars[2]!, bars[0]!)).toEqual(wanted);
    expect(rangeBetween(bars, at(2.5), at(0.5))).toEqual(wanted);
    expect(rangeBetween([], at(0.5), at(2))).toEqual({ since: '2026-01-01T10:00:30.000000Z', until: '2026-01-01T10:02:00.000000Z' });
    expect(zoomedOut({ from: at(0), to: at(1) }, at(100))).toEqual({
      since: '2026-01-01T09:59:00.000000Z',
      until: '2026-01-01T10:02:00.000000Z',
    });
    expect(zoomedOut({ from: at(0), to: at(1) }, at(1.5)).until).toBe(null);
  });
});
