import type { WriteStream } from 'node:tty';
import { cut } from '../terminal/format-text.ts';
import type { TopCounts } from './counters.ts';
import { topTable } from './table.ts';

/** Where a table is shown, over and over again; disposing leaves its last state. */
export interface LiveTable extends Disposable {
  /** Says a sentence about the connection. */
  note(sentence: string): void;
}

export interface LiveTableParts {
  readonly counts: TopCounts;
  readonly heading: string;
  readonly intervalMs: number;
  /** Takes the notes where there is no terminal. */
  readonly report: (sentence: string) => void;
}

/**
 * On a terminal the table is redrawn in place, on the terminal's other screen, so that nothing that is wrapped or scrolled
 * stays behind, and its last state is left on the first one. Elsewhere a table is printed whenever events came.
 */
export function startLiveTable(parts: LiveTableParts, stream: WriteStream): LiveTable {
  return stream.isTTY ? startTerminalTable(parts, stream) : startPrintedTable(parts, stream);
}

function startTerminalTable({ counts, heading, intervalMs }: LiveTableParts, terminal: WriteStream): LiveTable {
  let [note, top] = ['', counts.takeSnapshot()];
  const draw = (): void => {
    const { columns, rows } = sizeOf(terminal);
    const table = topTable(heading, top, { columns, lines: rows - 2, bars: maxBarColumns });
    // Not the last line: an end of line there would scroll.
    const lines = [cut(note, columns), ...table].slice(0, Math.max(rows - 1, 1));
    // A line is erased before it is written: behind its last column that would erase its last character.
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
      // Over all the time that it says: the last moments may have been none.
      const table = topTable(heading, counts.overall(), { columns: sizeOf(terminal).columns, lines: printedLines, bars: maxBarColumns });
      terminal.write(`${leaveAlternateScreen}${table.join('\r\n')}\r\n`);
    },
  };
}

/** Some terminals do not know their size. */
function sizeOf({ columns, rows }: WriteStream): { readonly columns: number; readonly rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}

function startPrintedTable({ counts, heading, intervalMs, report }: LiveTableParts, stream: WriteStream): LiveTable {
  let printed = 0;
  const print = (): void => {
    const top = counts.takeSnapshot();
    // Who does not read gets the later tables: they say what the earlier ones did.
    if (top.total === printed || stream.writableNeedDrain) return;
    printed = top.total;
    stream.write(`${topTable(heading, top, { columns: Infinity, lines: printedLines, bars: 0 }).join('\n')}\n\n`);
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
