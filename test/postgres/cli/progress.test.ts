import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { expect, test, vi } from 'vitest';
import type { Lines } from '../../../src/cli/emit/lines.ts';
import { startProgress } from '../../../src/cli/emit/progress.ts';
import { startEmitStats } from '../../../src/cli/emit/stats.ts';

test('on a terminal, the bar fits, is drawn at most ten times a second, and is erased at the end', () => {
  vi.useFakeTimers({ now: 0 });
  try {
    const { terminal, written } = screen({ isTTY: true, columns: 72 });
    const stats = startEmitStats();
    let read = 0;
    {
      using progress = startProgress(
        file(2_000_000, () => read),
        stats,
        terminal,
      );
      vi.advanceTimersByTime(1000);
      for (let count = 0; count < 999; count += 1) stats.stored(count < 9);
      stats.reject({ line: 3, reason: 'invalid' });
      read = 1_500_000;
      progress.note('cannot reach the server');
    }
    const drawn = written().split('\r').slice(1);
    expect(drawn.length).toBeLessThanOrEqual(14); // the first, ten in a second, one around the note, two erasures
    for (const line of drawn) expect(line.replace('\u001b[K', '').length).toBeLessThan(72);
    expect(drawn[0]).toBe(`${'░'.repeat(30)}   0 %  0.0 MB of 2.0 MB  0 events  0/s\u001b[K`);
    expect(drawn.slice(-3)).toEqual([
      '\u001b[Kcannot reach the server\n',
      `${'█'.repeat(20)}${'░'.repeat(6)}  75 %  1.5 MB of 2.0 MB  1,000 events  999/s\u001b[K`,
      '\u001b[K',
    ]);
  } finally {
    vi.useRealTimers();
  }
});

test('a terminal that is too narrow for a bar shows the figures, and a stream of unknown size no percentage', () => {
  const narrow = screen({ isTTY: true, columns: 40 });
  startProgress(
    file(2000, () => 500),
    startEmitStats(),
    narrow.terminal,
  )[Symbol.dispose]();
  expect(narrow.written()).toBe('\r 25 %  0.5 kB of 2.0 kB  0 events  0/s\u001b[K\r\u001b[K');
  const wide = screen({ isTTY: true, columns: 80 });
  startProgress(
    file(null, () => 1234),
    startEmitStats(),
    wide.terminal,
  )[Symbol.dispose]();
  expect(wide.written()).toBe('\r1.2 kB  0 events  0/s\u001b[K\r\u001b[K');
});

test('without a terminal, only the notes are printed', () => {
  const { terminal, written } = screen({ isTTY: false });
  {
    using progress = startProgress(
      file(2000, () => 500),
      startEmitStats(),
      terminal,
    );
    progress.note('cannot reach the server');
  }
  expect(written()).toBe('cannot reach the server\n');
});

/** A fake terminal. */
function screen(properties: { isTTY: boolean; columns?: number }): { readonly terminal: WriteStream; readonly written: () => string } {
  const stream = new PassThrough({ encoding: 'utf8' });
  return { terminal: Object.assign(stream, properties) as unknown as WriteStream, written: () => String(stream.read() ?? '') };
}

function file(size: number | null, bytesRead: () => number): Lines {
  return { size, bytesRead, [Symbol.dispose]: () => undefined, async *[Symbol.asyncIterator]() {} };
}
