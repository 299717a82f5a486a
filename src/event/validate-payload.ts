import type { JsonObject } from './event.ts';
import { below, pathOf, shown, type Problems, type Where } from './problem.ts';
import { unstorable } from './text.ts';

export interface PayloadRules {
  /** How many levels deep it may be. */
  readonly levels: number;
  readonly problems: Problems;
}

/** Checks a payload: a JSON object of bounded depth whose strings and keys can be stored. Null when left out or bad. */
export function checkPayload(value: unknown, where: Where | null, rules: PayloadRules): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) {
    rules.problems.add('INVALID', pathOf(where), `expected a JSON object, got ${shown(value)}`);
    return null;
  }
  checkValue(value, where, { ...rules, root: where?.depth ?? 0 });
  return value as JsonObject;
}

// The bound on levels bounds the recursion too. `root` is the depth of the payload itself.
function checkValue(value: unknown, where: Where | null, rules: PayloadRules & { readonly root: number }): void {
  const { levels, root, problems } = rules;
  if (typeof value === 'string') return checkText(value, where, problems);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return problems.add('INVALID', pathOf(where), `expected a JSON number, got ${value}`);
  }
  if (typeof value !== 'object' || value === null) return;
  if ((where?.depth ?? 0) - root >= levels) {
    return problems.add('INVALID', pathOf(where).slice(0, pathShown), `expected at most ${levels} levels, got more`);
  }
  for (const key of Object.keys(value)) {
    checkText(key, where, problems); // a key that cannot be stored is reported where it stands
    const child: unknown = (value as Readonly<Record<string, unknown>>)[key];
    if (mayBeBad(child)) checkValue(child, below(where, key), rules);
  }
}

/** Spares most values the place that a problem would need. */
function mayBeBad(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return unstorable(value) !== null;
    case 'number':
      return !Number.isFinite(value);
    default:
      return typeof value === 'object';
  }
}

function checkText(text: string, where: Where | null, problems: Problems): void {
  const reason = unstorable(text);
  if (reason !== null) problems.add('INVALID', pathOf(where), `the string has ${reason}`);
}

/** The longest path that a depth problem shows. */
const pathShown = 20;
