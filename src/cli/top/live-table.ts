import type { WriteStream } from 'node:tty';
import { cut } from '../terminal/format-text.ts';
import type { TopCounts } from './counters.ts';
import { topTable } from './table.ts';

/** A table that is updated at an interval. Disposing it leaves its last state. */
export interface LiveTable extends Disposable {
  /** Shows a sentence about the connection. */
  note(sentence: string): void;
}

export interface LiveTableParts {
  readonly counts: TopCounts;
  readonly title: string;
  readonly intervalMs: number;
  /** Receives the notes if the output is not a terminal. */
  readonly report: (sentence: string) => void;
}

/**
 * On a terminal, redraws the table on the alternate screen, so that no wrapped or scrolled lines
 * remain. At the end, prints it on the main screen. Elsewhere, prints a table after new events.
 */
export function startLiveTable(parts: LiveTableParts, stream: WriteStream): LiveTable {
  return stream.isTTY ? startTerminalTable(parts, stream) : startPrintedTable(parts, stream);
}

function startTerminalTable({ counts, title, intervalMs }: LiveTableParts, terminal: WriteStream): LiveTable {
  let [note, top] = ['', counts.takeSnapshot()];
  const draw = (): void => {
    const { columns, rows } = sizeOf(terminal);
    const table = topTable(title, top, { columns, lines: rows - 2, bars: maxBarColumns });
    // The last line stays empty: a line break there would scroll.
    const lines = [cut(note, columns), ...table].slice(0, Math.max(rows - 1, 1));
    // A line is erased before it is written: after its last column, that would erase a character.
    terminal.write(`${cursorHome}${lines.map((line) => `${eraseLine}${line}\r\n`).join('')}${eraseBelow}`);
  };
  const timer = setInterval(() => {
    top = counts.takeSnapshot();
    draw();
  }, intervalMs);
  terminal.write(enterAlternateScreen);
  terminal.on('resize', draw);
  draw();
  return {
    note(sentence) {
      note = sentence;
      draw();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      terminal.off('resize', draw);
      // The rates are those since the start: the last interval can be too short for a rate.
      const table = topTable(title, counts.overall(), { columns: sizeOf(terminal).columns, lines: printedLines, bars: maxBarColumns });
      terminal.write(`${leaveAlternateScreen}${table.join('\r\n')}\r\n`);
    },
  };
}

/** Some terminals report a size of 0. */
function sizeOf({ columns, rows }: WriteStream): { readonly columns: number; readonly rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}

function startPrintedTable({ counts, title, intervalMs, report }: LiveTableParts, stream: WriteStream): LiveTable {
  let printed = 0;
  const print = (): void => {
    const top = counts.takeSnapshot();
    // A slow reader misses tables, but the next one includes their counts.
    if (top.total === printed || stream.writableNeedDrain) return;
    printed = top.total;
    stream.write(`${topTable(title, top, { columns: Infinity, lines: printedLines, bars: 0 }).join('\n')}\n\n`);
  };
  const timer = setInterval(print, intervalMs);
  return {
    note: report,
    [Symbol.dispose]() {
      clearInterval(timer);
      print();
    },
  };
}

const printedLines = 23;
const maxBarColumns = 30;
const enterAlternateScreen = '\u001b[?1049h\u001b[?25l';
const leaveAlternateScreen = '\u001b[?25h\u001b[?1049l';
const cursorHome = '\u001b[H';
const eraseLine = '\u001b[K';
const eraseBelow = '\u001b[J';
