import { shortName } from '../../event/document.ts';
import { formatNumber, printable } from '../terminal/format-text.ts';
import type { LineWarning } from './batches.ts';
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

/** Stores only the first `maxShownLines` rejected lines and warnings, so that memory stays bounded. */
export function startEmitStats(): EmitStats {
  const startedAt = performance.now();
  const rejectedLines: RejectedLine[] = [];
  const warnings: LineWarning[] = [];
  let [created, duplicates, rejected, ignored] = [0, 0, 0, 0];
  const lines = (): number => created + duplicates + rejected;
  const seconds = (): number => Math.max(performance.now() - startedAt, 1) / 1000;
  const rate = (): number => (created + duplicates) / seconds();

  const warningText = (): string => {
    if (ignored === 0) return '';
    const shown = warnings.map(({ line, member }) => `line ${line}: ${printable(JSON.stringify(shortName(member)))}\n`).join('');
    const more = ignored > warnings.length ? `… and ${formatNumber(ignored - warnings.length)} more\n` : '';
    return `${formatNumber(ignored)} unknown members were ignored; --strict rejects them\n${shown}${more}`;
  };

  return {
    add(result) {
      created += result.created;
      duplicates += result.duplicates;
      rejected += result.rejectedLines.length;
      ignored += result.warnings.length;
      warnings.push(...result.warnings.slice(0, maxShownLines - warnings.length));
      rejectedLines.push(...result.rejectedLines.slice(0, maxShownLines - rejectedLines.length));
    },
    lines,
    rejected: () => rejected,
    rate,
    summary() {
      const counts = `${formatNumber(created)} created, ${formatNumber(duplicates)} duplicates, ${formatNumber(rejected)} rejected`;
      const shown = rejectedLines.map(({ line, reason }) => `line ${line}: ${reason}\n`).join('');
      const more = rejected > rejectedLines.length ? `… and ${formatNumber(rejected - rejectedLines.length)} more\n` : '';
      return `${formatNumber(lines())} lines: ${counts}; ${seconds().toFixed(1)} s, ${formatNumber(rate())} events/s\n${shown}${more}${warningText()}`;
    },
  };
}

const maxShownLines = 20;
