import type { WriteStream } from 'node:tty';
import { formatNumber } from '../terminal/format-text.ts';
import type { Lines } from './lines.ts';
import type { EmitStats } from './stats.ts';

/** The progress of `tidings emit`. */
export interface Progress extends Disposable {
  /** Prints a sentence above the bar. */
  note(sentence: string): void;
}

/** Draws a bar if standard error is a terminal. Otherwise prints only the notes. */
export function startProgress(lines: Lines, stats: EmitStats, terminal: WriteStream = process.stderr): Progress {
  if (!terminal.isTTY) return { note: (sentence) => void terminal.write(`${sentence}\n`), [Symbol.dispose]: () => undefined };
  const draw = (): void => void terminal.write(`\r${barOf(lines, stats, terminal.columns)}${eraseToEnd}`);
  const timer = setInterval(draw, redrawIntervalMs);
  draw();
  return {
    note(sentence) {
      terminal.write(`\r${eraseToEnd}${sentence}\n`);
      draw();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      terminal.write(`\r${eraseToEnd}`);
    },
  };
}

/** One line that fits the terminal: the bar fills the columns that the figures leave. */
function barOf(lines: Lines, stats: EmitStats, columns: number): string {
  const counts = `${formatNumber(stats.lines())} events  ${formatNumber(stats.rate())}/s`;
  const read = lines.bytesRead();
  if (lines.size === null) return `${size(read, read)}  ${counts}`.slice(0, columns - 1);
  const share = lines.size === 0 ? 1 : Math.min(read / lines.size, 1);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const figures = `${percent}  ${size(read, lines.size)} of ${size(lines.size, lines.size)}  ${counts}`;
  const width = Math.min(maxBarColumns, columns - figures.length - 2);
  if (width < minBarColumns) return figures.slice(0, columns - 1);
  const filled = Math.round(share * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${figures}`;
}

/** Bytes, in the unit of `whole`. */
function size(bytes: number, whole: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(whole, 1)) / 3), units.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const redrawIntervalMs = 100;
const maxBarColumns = 30;
const minBarColumns = 6;
const eraseToEnd = '\u001b[K';
