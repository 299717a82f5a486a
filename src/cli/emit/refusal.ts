import { documentPath } from '../../event/document.ts';
import { printable } from '../terminal/printable.ts';

/** A line of the file that was not stored, and why. */
export interface Refusal {
  readonly line: number;
  readonly reason: string;
}

/** A problem in an event, wherever it was found. Its message begins with its path. */
export interface Found {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * Why a line was refused, in the words of the file: a path names the keys of the event document, whose resources are
 * flat. `skipped` is the number of leading keys of the path that the file does not have.
 */
export function reasonOf(problems: readonly Found[], skipped: number): string {
  const [first, ...others] = problems;
  if (first === undefined) return 'refused without a reason';
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return printable(inDocument(first, skipped) + more);
}

function inDocument({ path, message }: Found, skipped: number): string {
  const prefix = `${path.join('.')}: `;
  const expectation = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  const keys = documentPath(path.slice(skipped)).map((key) => (key.includes('.') ? JSON.stringify(key) : key));
  return keys.length === 0 ? expectation : `${keys.join('.')}: ${expectation}`;
}
