import type { RejectedLine } from './parse-line.ts';
import type { BatchResult } from './send-batch.ts';
import { formatNumber } from '../terminal/format-text.ts';

/** What became of the file so far. */
export interface EmitStats {
  add(result: BatchResult): void;
  /** Lines that were stored, found stored, or refused; blank ones do not count. */
  lines(): number;
  rejected(): number;
  /** Events per second of the time from the start until now. */
  rate(): number;
  /** Lines to show a person, at the end. */
  summary(): string;
}

/** Counts from now on. Keeps the first refusals, so that a file of nothing but bad lines costs no memory. */
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
      const counts = `${formatNumber(created)} created, ${formatNumber(duplicates)} duplicates, ${formatNumber(rejected)} refused`;
      const shown = rejectedLines.map(({ line, reason }) => `line ${line}: ${reason}\n`).join('');
      const more = rejected > rejectedLines.length ? `… and ${formatNumber(rejected - rejectedLines.length)} more\n` : '';
      return `${formatNumber(lines())} lines: ${counts}; ${seconds().toFixed(1)} s, ${formatNumber(rate())} events/s\n${shown}${more}`;
    },
  };
}

const maxShownLines = 20;
