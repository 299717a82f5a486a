import type { Refusal } from './parse-line.ts';
import type { Sent } from './send-batch.ts';
import { number } from '../terminal/format-text.ts';

/** What became of the file so far. */
export interface Tally {
  add(sent: Sent): void;
  /** Lines that were stored, found stored, or refused; blank ones do not count. */
  lines(): number;
  refused(): number;
  /** Events per second of the time from the start until now. */
  rate(): number;
  /** Lines to show a person, at the end. */
  summary(): string;
}

/** Counts from now on. Keeps the first refusals, so that a file of nothing but bad lines costs no memory. */
export function startTally(): Tally {
  const begun = performance.now();
  const refusals: Refusal[] = [];
  let [created, duplicates, refused] = [0, 0, 0];
  const lines = (): number => created + duplicates + refused;
  const seconds = (): number => Math.max(performance.now() - begun, 1) / 1000;
  const rate = (): number => (created + duplicates) / seconds();

  return {
    add(sent) {
      created += sent.created;
      duplicates += sent.duplicates;
      refused += sent.refusals.length;
      refusals.push(...sent.refusals.slice(0, shownRefusals - refusals.length));
    },
    lines,
    refused: () => refused,
    rate,
    summary() {
      const counts = `${number(created)} created, ${number(duplicates)} duplicates, ${number(refused)} refused`;
      const shown = refusals.map(({ line, reason }) => `line ${line}: ${reason}\n`).join('');
      const more = refused > refusals.length ? `… and ${number(refused - refusals.length)} more\n` : '';
      return `${number(lines())} lines: ${counts}; ${seconds().toFixed(1)} s, ${number(rate())} events/s\n${shown}${more}`;
    },
  };
}

const shownRefusals = 20;
