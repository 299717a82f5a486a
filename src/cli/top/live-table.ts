import type { WriteStream } from 'node:tty';
import { cut } from '../terminal/format-text.ts';
import type { TopCounts } from './counters.ts';
import { topTable } from './table.ts';

/** Where a table is shown, over and over again; disposing leaves its last state. */
export interface Board extends Disposable {
  /** Says a sentence about the connection. */
  note(sentence: string): void;
}

export interface BoardParts {
  readonly counts: TopCounts;
  readonly heading: string;
  readonly everyMs: number;
  /** Takes the notes where there is no terminal. */
  readonly say: (sentence: string) => void;
}

/**
 * On a terminal the table is redrawn in place, on the terminal's other screen, so that nothing that is wrapped or scrolled
 * stays behind, and its last state is left on the first one. Elsewhere a table is printed whenever events came.
 */
export function startBoard(parts: BoardParts, stream: WriteStream): Board {
  return stream.isTTY ? onTerminal(parts, stream) : onPaper(parts, stream);
}

function onTerminal({ counts, heading, everyMs }: BoardParts, terminal: WriteStream): Board {
  let [note, top] = ['', counts.take()];
  const draw = (): void => {
    const { columns, rows } = sizeOf(terminal);
    const table = topTable(heading, top, { columns, lines: rows - 2, bars: widestBar });
    // Not the last line: an end of line there would scroll.
    const lines = [cut(note, columns), ...table].slice(0, Math.max(rows - 1, 1));
    // A line is erased before it is written: behind its last column that would erase its last character.
    terminal.write(`${home}${lines.map((line) => `${eraseLine}${line}\r\n`).join('')}${eraseBelow}`);
  };
  const timer = setInterval(() => {
    top = counts.take();
    draw();
  }, everyMs);
  terminal.write(otherScreen);
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
      const table = topTable(heading, counts.whole(), { columns: sizeOf(terminal).columns, lines: printedLines, bars: widestBar });
      terminal.write(`${firstScreen}${table.join('\r\n')}\r\n`);
    },
  };
}

/** Some terminals do not know their size. */
function sizeOf({ columns, rows }: WriteStream): { readonly columns: number; readonly rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}

function onPaper({ counts, heading, everyMs, say }: BoardParts, stream: WriteStream): Board {
  let printed = 0;
  const print = (): void => {
    const top = counts.take();
    // Who does not read gets the later tables: they say what the earlier ones did.
    if (top.total === printed || stream.writableNeedDrain) return;
    printed = top.total;
    stream.write(`${topTable(heading, top, { columns: Infinity, lines: printedLines, bars: 0 }).join('\n')}\n\n`);
  };
  const timer = setInterval(print, everyMs);
  return {
    note: say,
    [Symbol.dispose]() {
      clearInterval(timer);
      print();
    },
  };
}

const printedLines = 23;
const widestBar = 30;
const otherScreen = '\u001b[?1049h\u001b[?25l';
const firstScreen = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const eraseLine = '\u001b[K';
const eraseBelow = '\u001b[J';
