import { ExactNumber, stringifyLossless } from '../../client/tidings-client.ts';

/** A line of CSV after RFC 4180, with its line break. */
export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * A cell. Text that a spreadsheet would take for a formula begins with an apostrophe; numbers stay
 * numbers, and keep all digits.
 */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof ExactNumber) return String(value);
  const text = typeof value === 'string' ? value : stringifyLossless(value);
  const safe = formulaStart.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Also the wide forms, which spreadsheets in some languages accept. */
const formulaStart = /^[=+\-@\t\r\n＝＋－＠]/;

/** Marks the file as UTF-8, for spreadsheets. */
export const byteOrderMark = '\uFEFF';
