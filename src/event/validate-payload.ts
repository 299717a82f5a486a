import { ExactNumber, isJsonObject, isUnusableNumber, maxNumberDigits } from '../json/exact-number.ts';
import type { JsonObject } from './event.ts';
import type { SizeBounds } from './size-bounds.ts';
import { childNode, describeValue, pathOf, type PathNode, type Problems } from './problem.ts';
import { unstorableReason } from './text.ts';

export interface PayloadRules {
  /** Levels of objects and arrays. */
  readonly maxDepth: number;
  readonly problems: Problems;
  readonly size: SizeBounds;
}

/**
 * Checks that a payload is a JSON object of bounded depth with storable strings and keys. Null if
 * it is left out or invalid. Adds its size, and stops when that exceeds its bound.
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
  const { maxDepth, rootDepth, problems, size } = rules;
  if (typeof value === 'string') return checkText(value, node, problems);
  if (isUnusableNumber(value)) {
    return problems.add('INVALID', pathOf(node), `expected a number of at most ${maxNumberDigits} digits, got ${describeValue(value)}`);
  }
  if ((node?.depth ?? 0) - rootDepth >= maxDepth) {
    return problems.add('INVALID', pathOf(node).slice(0, maxShownPathKeys), `expected at most ${maxDepth} levels, got more`);
  }
  size.addValue();
  const keys = Array.isArray(value) ? null : Object.keys(value as object);
  const count = keys === null ? (value as readonly unknown[]).length : keys.length;
  for (let index = 0; index < count && !size.exceeds; index += 1) {
    const key = keys === null ? index : (keys[index] ?? '');
    if (typeof key === 'string') {
      size.addText(key);
      checkText(key, node, problems); // a problem of a key has the path of its object
    }
    const child: unknown = (value as Readonly<Record<string | number, unknown>>)[key];
    if (needsCheck(child, size)) checkValue(child, childNode(node, String(key)), rules);
  }
}

/** Adds the size of a scalar. Avoids a path node for the many values that cannot have a problem. */
function needsCheck(value: unknown, size: SizeBounds): boolean {
  switch (typeof value) {
    case 'string':
      size.addText(value);
      return unstorableReason(value) !== null;
    case 'number':
      size.addValue();
      return isUnusableNumber(value);
    case 'object':
      if (value instanceof ExactNumber) size.addText(value.text);
      else if (value === null) size.addValue();
      return value !== null && (!(value instanceof ExactNumber) || value.isTooLong);
    default:
      size.addValue();
      return false;
  }
}

function checkText(text: string, node: PathNode | null, problems: Problems): void {
  const reason = unstorableReason(text);
  if (reason !== null) problems.add('INVALID', pathOf(node), `the string has ${reason}`);
}

/** Keys of a path that a problem of the depth shows. */
const maxShownPathKeys = 20;
