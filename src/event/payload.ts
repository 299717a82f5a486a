import type { JsonObject } from './event.ts';
import { shown, type Problems } from './problem.ts';
import { unstorable } from './text.ts';

export interface PayloadRules {
  /** How many levels deep it may be. */
  readonly levels: number;
  readonly problems: Problems;
}

/** Checks a payload: a JSON object of bounded depth whose strings and keys can be stored. Null when left out or bad. */
export function checkPayload(value: unknown, path: readonly string[], rules: PayloadRules): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) {
    rules.problems.add('INVALID', path, `expected a JSON object, got ${shown(value)}`);
    return null;
  }
  checkValue(value, path, { ...rules, root: path.length });
  return value as JsonObject;
}

// The bound on levels bounds the recursion too. `root` is the length of the payload's own path.
function checkValue(value: unknown, path: readonly string[], rules: PayloadRules & { readonly root: number }): void {
  const { levels, root, problems } = rules;
  if (typeof value === 'string') return checkText(value, path, problems);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return problems.add('INVALID', path, `expected a JSON number, got ${value}`);
  }
  if (typeof value !== 'object' || value === null) return;
  if (path.length - root >= levels) return problems.add('INVALID', path.slice(0, pathShown), `expected at most ${levels} levels, got more`);
  for (const [key, child] of Object.entries(value)) {
    checkText(key, path, problems); // a key that cannot be stored is reported where it stands
    if (mayBeBad(child)) checkValue(child, [...path, key], rules);
  }
}

/** Spares most values the path that a problem would need. */
function mayBeBad(value: unknown): boolean {
  return typeof value === 'string' ? unstorable(value) !== null : typeof value === 'object' || typeof value === 'number';
}

function checkText(text: string, path: readonly string[], problems: Problems): void {
  const reason = unstorable(text);
  if (reason !== null) problems.add('INVALID', path, `the string has ${reason}`);
}

/** The longest path that a depth problem shows. */
const pathShown = 20;
