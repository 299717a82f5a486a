import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { widthOf } from '../../../src/cli/terminal/format-text.ts';
import { startTopCounts, type TopCounts } from '../../../src/cli/top/counters.ts';
import { startLiveTable } from '../../../src/cli/top/live-table.ts';
import { topTable } from '../../../src/cli/top/table.ts';
import { storableText } from '../support/code-points.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test('rates are those since the last snapshot, counts those since the start, the most frequent first', () => {
  const counts = startTopCounts();
  add(counts, { b: 4, a: 4, c: 20 });
  vi.advanceTimersByTime(2000);
  expect(counts.takeSnapshot()).toEqual({
    rows: [
      { key: 'c', count: 20, rate: 10 },
      { key: 'a', count: 4, rate: 2 },
      { key: 'b', count: 4, rate: 2 },
    ],
    total: 28,
    rate: 14,
    seconds: 2,
    others: 0,
  });
  add(counts, { b: 1 });
  vi.advanceTimersByTime(500);
  const { rows, rate, total } = counts.takeSnapshot();
  expect([rows[1], rows[2], rate, total]).toEqual([{ key: 'b', count: 5, rate: 2 }, { key: 'a', count: 4, rate: 0 }, 2, 29]);
  expect(counts.overall()).toMatchObject({ total: 29, rate: 11.6, seconds: 2.5 });
  expect(counts.overall().rows[1]).toEqual({ key: 'b', count: 5, rate: 2 });
});

test('beyond the maximum of keys, the frequent ones stay, and every event is counted', () => {
  const counts = startTopCounts();
  add(counts, { often: 3 });
  for (let n = 0; n < 250_000; n += 1) counts.add(`once-${n}`);
  const { rows, total, others } = counts.takeSnapshot();
  expect(rows.length).toBeLessThanOrEqual(100_000);
  expect(rows[0]).toMatchObject({ key: 'often', count: 3 });
  expect(rows.reduce((sum, { count }) => sum + count, others)).toBe(total);
});

test('on a terminal, the table is redrawn below the connection status, and the last one stays', () => {
  const { terminal, written } = screen({ isTTY: true, columns: 40, rows: 7 });
  const counts = startTopCounts();
  add(counts, { 'acme.a': 3 });
  {
    using liveTable = startLiveTable({ counts, title: 'event', intervalMs: 1000, report: () => undefined }, terminal);
    liveTable.note('connected to http://127.0.0.1:4000; resuming');
    add(counts, { 'acme.b': 8, 'acme.c': 1, 'acme.d': 1 });
    vi.advanceTimersByTime(1000);
  }
  const frames = written().split('\u001b[H');
  expect(frames[0]).toBe('\u001b[?1049h\u001b[?25l');
  expect(frames).toHaveLength(4);
  expect(frames[3]!.split('\u001b[J')[0]!.split('\r\n')).toEqual(
    [
      'connected to http://127.0.0.1:4000; res…',
      '13 events in 1 s, 10/s',
      'event     count   /s',
      `acme.b        8  8.0  ${'█'.repeat(18)}`,
      `acme.a        3    0  ${'█'.repeat(7)}`,
      `2 others      2  2.0  ${'█'.repeat(5)}`,
      '',
    ].map((line) => line && `\u001b[K${line}`),
  );
  const last = frames[3]!.split('\u001b[?25h\u001b[?1049l')[1];
  expect(last).toContain('acme.d');
  expect(last).toContain('13 events in 1 s, 13/s');
});

test('after a resize, the table fits the terminal', () => {
  const { terminal, written } = screen({ isTTY: true, columns: 200, rows: 50 });
  const counts = startTopCounts();
  add(counts, { [`acme.${'x'.repeat(90)}`]: 1234, short: 1 });
  {
    using _table = startLiveTable({ counts, title: 'event', intervalMs: 1000, report: () => undefined }, terminal);
    for (const [columns, rows] of [
      [20, 5],
      [4, 2],
      [1, 1],
      [0, 0],
    ]) {
      written();
      Object.assign(terminal, { columns, rows }).emit('resize');
      const lines = stripVTControlCharacters(written()).split('\r\n').slice(0, -1);
      expect(lines.length).toBeLessThanOrEqual(Math.max((rows || 24) - 1, 1));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns || 80);
    }
  }
});

test('without a terminal, a table is printed after new events, and at the end', () => {
  const { terminal, written } = screen({ isTTY: false });
  const counts = startTopCounts();
  const printedLines: string[] = [];
  {
    using liveTable = startLiveTable(
      { counts, title: 'event', intervalMs: 1000, report: (sentence) => void printedLines.push(sentence) },
      terminal,
    );
    liveTable.note('connected');
    vi.advanceTimersByTime(1000);
    add(counts, { a: 1 });
    vi.advanceTimersByTime(3000);
    expect(written()).toBe('1 event in 2 s, 1.0/s\nevent  count   /s\na          1  1.0\n\n');
    add(counts, { a: 1 });
  }
  expect(written()).toMatch(/^2 events in 4 s, .*\na {10}2 .*\n\n$/s);
  expect(printedLines).toEqual(['connected']);
});

test('no line of a table is wider than its columns, for any keys', () => {
  fc.assert(
    fc.property(
      fc.dictionary(storableText(0, 30), fc.integer({ min: 1, max: 20 })),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 9 }),
      (keys, columns, lines) => {
        const counts = startTopCounts();
        add(counts, keys);
        const table = topTable('event', counts.takeSnapshot(), { columns, lines, bars: 30 });
        for (const line of table) expect(widthOf(line)).toBeLessThanOrEqual(columns);
        expect(table.length).toBeLessThanOrEqual(Math.max(lines, 4));
      },
    ),
  );
});

function add(counts: TopCounts, keys: Readonly<Record<string, number>>): void {
  for (const [key, times] of Object.entries(keys)) for (let n = 0; n < times; n += 1) counts.add(key);
}

/** A fake terminal. */
function screen(properties: object): { readonly terminal: WriteStream; readonly written: () => string } {
  const stream = new PassThrough({ encoding: 'utf8' });
  return { terminal: Object.assign(stream, properties) as unknown as WriteStream, written: () => String(stream.read() ?? '') };
}
