import type { JsonObject } from './event.ts';
import { childNode, pathOf, describeValue, type Problems, type PathNode } from './problem.ts';
import { unstorableReason } from './text.ts';

export interface PayloadRules {
  /** How many levels deep it may be. */
  readonly maxDepth: number;
  readonly problems: Problems;
}

/** Checks a payload: a JSON object of bounded depth whose strings and keys can be stored. Null when left out or bad. */
export function checkPayload(value: unknown, node: PathNode | null, rules: PayloadRules): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) {
    rules.problems.add('INVALID', pathOf(node), `expected a JSON object, got ${describeValue(value)}`);
    return null;
  }
  checkValue(value, node, { ...rules, rootDepth: node?.depth ?? 0 });
  return value as JsonObject;
}

// The bound on levels bounds the recursion too. `root` is the depth of the payload itself.
function checkValue(value: unknown, node: PathNode | null, rules: PayloadRules & { readonly rootDepth: number }): void {
  const { maxDepth, rootDepth, problems } = rules;
  if (typeof value === 'string') return checkText(value, node, problems);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return problems.add('INVALID', pathOf(node), `expected a JSON number, got ${value}`);
  }
  if (typeof value !== 'object' || value === null) return;
  if ((node?.depth ?? 0) - rootDepth >= maxDepth) {
    return problems.add('INVALID', pathOf(node).slice(0, maxShownPathKeys), `expected at most ${maxDepth} levels, got more`);
  }
  for (const key of Object.keys(value)) {
    checkText(key, node, problems); // a key that cannot be stored is reported where it stands
    const child: unknown = (value as Readonly<Record<string, unknown>>)[key];
    if (needsCheck(child)) checkValue(child, childNode(node, key), rules);
  }
}

/** Spares most values the place that a problem would need. */
function needsCheck(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return unstorableReason(value) !== null;
    case 'number':
      return !Number.isFinite(value);
    default:
      return typeof value === 'object';
  }
}

function checkText(text: string, node: PathNode | null, problems: Problems): void {
  const reason = unstorableReason(text);
  if (reason !== null) problems.add('INVALID', pathOf(node), `the string has ${reason}`);
}

/** The longest path that a depth problem shows. */
const maxShownPathKeys = 20;
