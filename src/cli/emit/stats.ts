import { shortName } from '../../event/document.ts';
import { formatNumber, printable } from '../terminal/format-text.ts';
import type { RejectedLine } from './parse-line.ts';

/** The results of a file so far. */
export interface EmitStats {
  stored(isDuplicate: boolean): void;
  reject(line: RejectedLine): void;
  /** Members of a line's document that are unknown. */
  ignore(line: number, members: readonly string[]): void;
  /** Created, duplicate and rejected lines; blank lines do not count. */
  lines(): number;
  rejected(): number;
  /** Stored events per second since the start. */
  rate(): number;
  /** The text to print at the end. */
  summary(): string;
}

/** A member of a line's document that was ignored. */
interface LineWarning {
  readonly line: number;
  readonly member: string;
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
    stored(isDuplicate) {
      if (isDuplicate) duplicates += 1;
      else created += 1;
    },
    reject(line) {
      rejected += 1;
      // Lines that are rejected before they are sent overtake others.
      const at = rejectedLines.findIndex((each) => each.line > line.line);
      rejectedLines.splice(at === -1 ? rejectedLines.length : at, 0, line);
      rejectedLines.splice(maxShownLines);
    },
    ignore(line, members) {
      ignored += members.length;
      for (const member of members.slice(0, maxShownLines - warnings.length)) warnings.push({ line, member });
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
