import { formatNumber } from '../terminal/format-text.ts';
import type { RejectedLine } from './parse-line.ts';
import type { BatchResult } from './send-batch.ts';

/** The results of a file so far. */
export interface EmitStats {
  add(result: BatchResult): void;
  /** Created, duplicate and rejected lines; blank lines do not count. */
  lines(): number;
  rejected(): number;
  /** Stored events per second since the start. */
  rate(): number;
  /** The text to print at the end. */
  summary(): string;
}

/** Stores only the first `maxShownLines` rejected lines, so that memory stays bounded. */
export function startEmitStats(): EmitStats {
  const startedAt = performance.now();
  const rejectedLines: RejectedLine[] = [];
  let [created, duplicates, rejected] = [0, 0, 0];
  const lines = (): number => created + duplicates + rejected;
  const seconds = (): number => Math.max(performance.now() - startedAt, 1) / 1000;
  const rate = (): number => (created + duplicates) / seconds();

  return {
    add(result) {
      created += result.created;
      duplicates += result.duplicates;
      rejected += result.rejectedLines.length;
      rejectedLines.push(...result.rejectedLines.slice(0, maxShownLines - rejectedLines.length));
    },
    lines,
    rejected: () => rejected,
    rate,
    summary() {
      const counts = `${formatNumber(created)} created, ${formatNumber(duplicates)} duplicates, ${formatNumber(rejected)} rejected`;
      const shown = rejectedLines.map(({ line, reason }) => `line ${line}: ${reason}\n`).join('');
      const more = rejected > rejectedLines.length ? `… and ${formatNumber(rejected - rejectedLines.length)} more\n` : '';
      return `${formatNumber(lines())} lines: ${counts}; ${seconds().toFixed(1)} s, ${formatNumber(rate())} events/s\n${shown}${more}`;
    },
  };
}

const maxShownLines = 20;
