import { ExactNumber, isJsonObject, isUnusableNumber, maxNumberDigits } from '../json/exact-number.ts';
import { keysOf } from '../json/keys-of.ts';
import { runToEnd } from '../json/run-to-end.ts';
import type { JsonObject } from './event.ts';
import type { SizeBounds } from './size-bounds.ts';
import { childNode, describeValue, pathOf, type PathNode, type Problems } from './problem.ts';
import { unstorableReason } from './text.ts';

export interface PayloadRules {
  /** Levels of objects and arrays, at least one. */
  readonly maxDepth: number;
  readonly problems: Problems;
  readonly size: SizeBounds;
}

/**
 * Checks that a payload is a JSON object of bounded depth with storable strings and keys. Null if
 * it is left out or invalid. Adds its size, and stops when that exceeds its bound.
 */
export function checkPayload(value: unknown, node: PathNode | null, rules: PayloadRules): JsonObject | null {
  return runToEnd(checkPayloadInSteps(value, node, rules));
}

export function* checkPayloadInSteps(value: unknown, node: PathNode | null, rules: PayloadRules): Generator<undefined, JsonObject | null> {
  if (value === undefined || value === null) return null;
  if (!isJsonObject(value)) {
    rules.problems.add('INVALID', pathOf(node), `expected a JSON object, got ${describeValue(value)}`);
    return null;
  }
  yield* checkMembers(value, node, rules);
  return value;
}

/** Does not recurse. Lists the keys of each object, which takes long for one with very many members. */
function* checkMembers(payload: JsonObject, root: PathNode | null, rules: PayloadRules): Generator<undefined, void> {
  const { problems, size } = rules;
  const open = [openContainer(payload, root)];
  size.addValue();
  let visited = 0;
  for (let container = open.at(-1); container !== undefined && !size.exceeds; container = open.at(-1)) {
    const { values, keys, node, next } = container;
    if (next === (keys ?? (values as readonly unknown[])).length) {
      open.pop();
      continue;
    }
    container.next += 1;
    const key = keys?.[next];
    if (key !== undefined) {
      size.addText(key);
      checkText(key, node, problems); // a problem of a key has the path of its object
    }
    const child = key === undefined ? (values as readonly unknown[])[next] : (values as JsonObject)[key];
    if (needsCheck(child, size)) {
      const inner = checkValue(child, childNode(node, key ?? String(next)), { ...rules, depth: open.length });
      if (inner !== null) open.push(inner);
    }
    if ((visited += 1) % stepValues === 0) yield;
  }
}

interface OpenContainer {
  readonly values: object;
  /** Of an object; null for a list. */
  readonly keys: readonly string[] | null;
  readonly node: PathNode | null;
  next: number;
}

function openContainer(values: object, node: PathNode | null): OpenContainer {
  return { values, keys: Array.isArray(values) ? null : keysOf(values), node, next: 0 };
}

/** Checks a value within `depth` others. Returns it, if it is an object or list whose members must be checked. */
function checkValue(
  value: unknown,
  node: PathNode,
  { maxDepth, problems, size, depth }: PayloadRules & { readonly depth: number },
): OpenContainer | null {
  if (typeof value === 'string') checkText(value, node, problems);
  else if (isUnusableNumber(value)) {
    problems.add('INVALID', pathOf(node), `expected a number of at most ${maxNumberDigits} digits, got ${describeValue(value)}`);
  } else if (depth >= maxDepth) {
    problems.add('INVALID', pathOf(node).slice(0, maxShownPathKeys), `expected at most ${maxDepth} levels, got more`);
  } else {
    size.addValue();
    return openContainer(value as object, node);
  }
  return null;
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
/** A millisecond of work. */
const stepValues = 8192;
