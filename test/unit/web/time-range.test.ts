import { describe, expect, test } from 'vitest';
import { rangeFieldText, rangeText } from '../../../src/web/text/time-range-text.ts';
import { neighbourOf } from '../../../src/web/text/time-range.ts';

const now = Date.parse('2026-11-23T14:00:00Z');
const range = (since: string | null, until: string | null = null) => ({ since, until });
const day = range('2026-11-20T00:00:00.000000Z', '2026-11-21T00:00:00.000000Z');

describe('steps of a range', () => {
  test('go to the range before and after it', () => {
    const before = neighbourOf(range('-1h'), -1, now)!;
    expect(before).toEqual(range('2026-11-23T12:00:00.000000Z', '2026-11-23T13:00:00.000000Z'));
    expect(neighbourOf(before, 1, now)).toEqual(range('-1h'));
    expect(neighbourOf(day, 1, now)).toEqual(range('2026-11-21T00:00:00.000000Z', '2026-11-22T00:00:00.000000Z'));
  });

  test('do not go beyond now, and not without a beginning', () => {
    expect(neighbourOf(range('-1h'), 1, now)).toBeNull();
    expect(neighbourOf(range(null), -1, now)).toBeNull();
    expect(neighbourOf(range('garbage'), -1, now)).toBeNull();
  });
});

test('ranges have words', () => {
  const text = (since: string | null, until: string | null = null) => rangeText(range(since, until), 'Europe/Berlin', now);
  expect(text(null)).toBe('All time');
  expect([text('-1h'), text('-15m'), text('-7d')]).toEqual(['Last hour', 'Last 15 minutes', 'Last 7 days']);
  expect(text('2026-11-20T10:00:00.000000Z', '2026-11-20T11:30:05.500000Z')).toBe('2026-11-20 11:00 – 12:30:05');
  expect(text('2026-11-20T10:00:00.000000Z', '2026-11-21T10:00:00.000000Z')).toBe('2026-11-20 11:00 – 2026-11-21 11:00');
  expect(text('2026-11-20T10:00:00.000000Z')).toBe('Since 2026-11-20 11:00');
  expect(text(null, '2026-11-20T10:00:00.000000Z')).toBe('Until 2026-11-20 11:00');
  expect(text('-2h', '-1h')).toBe('2026-11-23 13:00 – 14:00');
});

test('fields of a range keep microseconds and relative times', () => {
  expect(rangeFieldText('2026-11-20T10:00:00.000001Z', 'UTC')).toBe('2026-11-20 10:00:00.000001');
  expect(rangeFieldText('2026-11-20T10:00:00.000000Z', 'Europe/Berlin')).toBe('2026-11-20 11:00');
  expect([rangeFieldText('-1h', 'UTC'), rangeFieldText(null, 'UTC')]).toEqual(['-1h', '']);
});
