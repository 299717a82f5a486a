import { isJsonObject, isJsonScalar, isUnusableNumber, maxNumberDigits } from '../json/exact-number.ts';
import type { JsonObject } from './event.ts';
import { childNode, describeValue, pathOf, type PathNode, type Problems } from './problem.ts';
import { unstorableReason } from './text.ts';

export interface PayloadRules {
  /** Levels of objects and arrays. */
  readonly maxDepth: number;
  readonly problems: Problems;
}

/**
 * Checks that a payload is a JSON object of bounded depth with storable strings and keys. Null if
 * it is left out or invalid.
 */
export function checkPayload(value: unknown, node: PathNode | null, rules: PayloadRules): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (!isJsonObject(value)) {
    rules.problems.add('INVALID', pathOf(node), `expected a JSON object, got ${describeValue(value)}`);
    return null;
  }
  checkValue(value, node, { ...rules, rootDepth: node?.depth ?? 0 });
  return value;
}

/** `maxDepth` also bounds the recursion. `rootDepth` is the depth of the payload itself. */
function checkValue(value: unknown, node: PathNode | null, rules: PayloadRules & { readonly rootDepth: number }): void {
  const { maxDepth, rootDepth, problems } = rules;
  if (typeof value === 'string') return checkText(value, node, problems);
  if (isUnusableNumber(value)) {
    return problems.add('INVALID', pathOf(node), `expected a number of at most ${maxNumberDigits} digits, got ${describeValue(value)}`);
  }
  if (isJsonScalar(value)) return;
  if ((node?.depth ?? 0) - rootDepth >= maxDepth) {
    return problems.add('INVALID', pathOf(node).slice(0, maxShownPathKeys), `expected at most ${maxDepth} levels, got more`);
  }
  for (const key of Object.keys(value as object)) {
    checkText(key, node, problems); // a problem of a key has the path of its object
    const child: unknown = (value as Readonly<Record<string, unknown>>)[key];
    if (needsCheck(child)) checkValue(child, childNode(node, key), rules);
  }
}

/** Avoids a path node for the many values that cannot have a problem. */
function needsCheck(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return unstorableReason(value) !== null;
    case 'number':
      return isUnusableNumber(value);
    default:
      return typeof value === 'object';
  }
}

function checkText(text: string, node: PathNode | null, problems: Problems): void {
  const reason = unstorableReason(text);
  if (reason !== null) problems.add('INVALID', pathOf(node), `the string has ${reason}`);
}

/** Keys of a path that a problem of the depth shows. */
const maxShownPathKeys = 20;
