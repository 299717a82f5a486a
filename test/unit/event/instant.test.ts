import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromMicros, parseInstant, toMicros, type Instant } from '../../../src/event/instant.ts';

// Year 0000 to year 9999, in microseconds since 1970.
const earliest = -62_167_219_200_000_000n;
const latest = 253_402_300_799_999_999n;
const micros = fc.bigInt({ min: earliest, max: latest });

describe('a time is kept as UTC to the microsecond', () => {
  test.each([
    ['2026-11-23T14:41:10.863461Z', '2026-11-23T14:41:10.863461Z'],
    ['2026-11-23T14:41:10Z', '2026-11-23T14:41:10.000000Z'],
    ['2026-11-23T14:41:10.8Z', '2026-11-23T14:41:10.800000Z'],
    ['2026-11-23T14:41:10.000001Z', '2026-11-23T14:41:10.000001Z'],
    ['2026-11-23t14:41:10z', '2026-11-23T14:41:10.000000Z'],
    ['2026-11-23 14:41:10Z', '2026-11-23T14:41:10.000000Z'],
    ['2026-11-23T14:41:10.863461', '2026-11-23T14:41:10.863461Z'],
    ['2026-11-23T14:41:10', '2026-11-23T14:41:10.000000Z'],
    ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
  ])('%s is %s', (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });

  test.each([
    ['2026-11-23T14:41:10.8634619Z', '2026-11-23T14:41:10.863461Z'],
    ['2026-11-23T14:41:10.999999999999999999999Z', '2026-11-23T14:41:10.999999Z'],
    ['1969-12-31T23:59:59.9999999+01:00', '1969-12-31T22:59:59.999999Z'],
  ])('digits beyond the microsecond are cut, not rounded: %s is %s', (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });

  test.each([
    ['2026-11-23T14:41:10.5+02:00', '2026-11-23T12:41:10.500000Z'],
    ['2026-11-23T14:41:10.5-05:30', '2026-11-23T20:11:10.500000Z'],
    ['2026-11-23T14:41:10+00:00', '2026-11-23T14:41:10.000000Z'],
    ['2026-11-23T14:41:10-00:00', '2026-11-23T14:41:10.000000Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000000Z'],
    ['2024-02-28T23:30:00-01:00', '2024-02-29T00:30:00.000000Z'],
    ['1969-12-31T23:59:59.999999+23:59', '1969-12-31T00:00:59.999999Z'],
    ['0099-12-31T23:59:59-00:01', '0100-01-01T00:00:59.000000Z'],
  ])('an offset is subtracted: %s is %s', (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });

  test.each([
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000000Z'],
    ['2016-12-31T23:59:60.25Z', '2017-01-01T00:00:00.250000Z'],
    ['1990-12-31T15:59:60-08:00', '1991-01-01T00:00:00.000000Z'],
  ])('a leap second is the first instant of the next minute: %s is %s', (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });
});

describe('the range is the years 0000 to 9999 in UTC', () => {
  test.each([
    ['0000-01-01T00:00:00Z', earliest],
    ['0000-01-01T01:00:00+01:00', earliest],
    ['9999-12-31T23:59:59.999999Z', latest],
    ['9999-12-31T22:59:59.999999-01:00', latest],
    ['0000-02-29T00:00:00Z', earliest + 59n * 86_400_000_000n],
  ])('%s lies within', (text, expected) => {
    expect(toMicros(parseInstant(text)!)).toBe(expected);
  });

  test.each([
    '0000-01-01T00:00:00+00:01',
    '0000-01-01T00:59:59.999999+01:00',
    '9999-12-31T23:59:59-00:01',
    '9999-12-31T23:00:00-01:00',
    '9999-12-31T23:59:60Z',
  ])('%s leaves it', (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  test('microseconds outside have no instant', () => {
    expect(fromMicros(earliest)).toBe('0000-01-01T00:00:00.000000Z');
    expect(fromMicros(latest)).toBe('9999-12-31T23:59:59.999999Z');
    expect(fromMicros(earliest - 1n)).toBeNull();
    expect(fromMicros(latest + 1n)).toBeNull();
    expect(fromMicros(2n ** 63n - 1n)).toBeNull();
    expect(fromMicros(-(2n ** 63n))).toBeNull();
  });
});

describe('a text that is not a time is rejected', () => {
  const rejected: Readonly<Record<string, readonly string[]>> = {
    'a day that its month does not have': [
      '2026-02-30T00:00:00Z',
      '2025-02-29T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-01-32T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-02-30T00:00:00+01:00',
    ],
    'a month that the year does not have': ['2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z'],
    'a time that the day does not have': ['2026-01-01T24:00:00Z', '2026-01-01T00:60:00Z', '2026-01-01T00:00:61Z'],
    'an offset that is none': [
      '2026-01-01T00:00:00+24:00',
      '2026-01-01T00:00:00+00:60',
      '2026-01-01T00:00:00+0100',
      '2026-01-01T00:00:00+01',
      '2026-01-01T00:00:00−01:00',
    ],
    'another year than one of four digits': [
      '12026-01-01T00:00:00Z',
      '+2026-01-01T00:00:00Z',
      '-0001-01-01T00:00:00Z',
      '26-01-01T00:00:00Z',
      '٢٠٢٦-01-01T00:00:00Z',
    ],
    'another form': [
      '',
      'now',
      '2026-01-01',
      '2026-01-01T00:00Z',
      '2026-1-1T00:00:00Z',
      '20260101T000000Z',
      '2026-01-01T00:00:00.Z',
      '2026-01-01T00:00:00,5Z',
    ],
    'something before or behind': [' 2026-01-01T00:00:00Z', '2026-01-01T00:00:00 Z', '2026-01-01T00:00:00Z\n', '2026-01-01T00:00:00Z0'],
  };
  test.each(Object.entries(rejected))('%s', (_what, texts) => {
    expect(texts.filter((text) => parseInstant(text) !== null)).toEqual([]);
  });

  test.each(['2024-02-29', '2000-02-29', '2026-12-31', '2026-04-30'])('but %s is a day', (day) => {
    expect(parseInstant(`${day}T23:59:59Z`)).toBe(`${day}T23:59:59.000000Z`);
  });
});

describe('microseconds and instants convert to each other', () => {
  test('in both directions, and the text parses to itself', () => {
    fc.assert(
      fc.property(micros, (each) => {
        const instant = fromMicros(each)!;
        expect(toMicros(instant)).toBe(each);
        expect(fromMicros(toMicros(instant))).toBe(instant);
        expect(parseInstant(instant)).toBe(instant);
      }),
    );
  });

  test('the order of the texts is the order in time', () => {
    const near = micros.chain((a) => fc.tuple(fc.constant(a), fc.bigInt({ min: -2_000_000n, max: 2_000_000n })));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.tuple(micros, micros),
          near.map(([a, step]) => [a, a + step] as const),
        ),
        ([a, b]) => {
          const [first, second] = [fromMicros(a), fromMicros(b)] as [Instant, Instant | null];
          fc.pre(second !== null);
          expect(first < second).toBe(a < b);
          expect(first === second).toBe(a === b);
        },
      ),
    );
  });

  test('an offset changes the text of a time, not the time', () => {
    const offsets = fc.integer({ min: -1439, max: 1439 });
    fc.assert(
      fc.property(micros, offsets, (each, offset) => {
        const local = fromMicros(each + BigInt(offset) * 60_000_000n);
        fc.pre(local !== null);
        const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60].map((part) => String(part).padStart(2, '0'));
        expect(parseInstant(local.replace('Z', `${offset < 0 ? '-' : '+'}${hours}:${minutes}`))).toBe(fromMicros(each));
      }),
    );
  });
});
