import { createHash } from 'node:crypto';
import { parseJson } from '../json/parse-json.ts';
import { stringifyJson } from '../json/stringify-json.ts';
import { orderedJson } from '../event/json.ts';
import { isExactPath } from '../event/payload-path.ts';
import type { Combination, Condition, ResourceTest, ValueTest } from './filter.ts';

/**
 * A filter in canonical form.
 *
 * Guarantees: it matches the same events as the filter. Filters that differ only in the order,
 * repetition and nesting of their parts have the same key.
 * Does not guarantee that all equivalent filters have the same key, for example two ranges that
 * meet, or a list split over an `any`. Such filters are evaluated separately.
 */
export interface CanonicalFilter {
  readonly condition: Condition;
  /** Equal for equal conditions: the condition as JSON, or its hash if that is shorter. */
  readonly key: string;
}

/**
 * Flattens nested `all` and `any`, sorts their parts and all lists, and removes repetitions and
 * double negations. A combination of one part becomes the part. Parts that always or never hold
 * replace the combinations that they decide.
 */
export function canonicalFilter(filter: Condition): CanonicalFilter {
  const cached = cache.get(filter);
  if (cached !== undefined) return cached;
  const { value, json } = canonicalCondition(filter);
  const canonical = { condition: value, key: keyOf(json) };
  cache.set(filter, canonical);
  return canonical;
}

const cache = new WeakMap<Condition, CanonicalFilter>();

/** Subscriptions keep keys for long. */
function keyOf(json: string): string {
  return json.length <= maxKeyLength ? json : createHash('sha256').update(json).digest('base64');
}

const maxKeyLength = 100;

/**
 * A canonical part with its JSON, by which it is sorted and compared. Each level reuses the JSON of
 * the level below.
 */
interface CanonicalNode<T> {
  readonly value: T;
  readonly json: string;
  /** The parts of an `all` or `any`, or the operand of a `not`. */
  readonly children: readonly CanonicalNode<T>[];
}

function canonicalCondition(condition: Condition): CanonicalNode<Condition> {
  switch (condition.kind) {
    case 'oneOf':
      return canonicalList(sortedTexts(condition.values), (values) => ({ kind: 'oneOf', field: condition.field, values }));
    case 'startsWith':
      return canonicalList(sortedTexts(condition.prefixes), (prefixes) => ({ kind: 'startsWith', field: condition.field, prefixes }));
    case 'like':
      return canonicalList(sortedTexts(condition.globs), (globs) => ({ kind: 'like', field: condition.field, globs }));
    case 'during': {
      const { kind, field, since, until } = condition;
      if (since === undefined && until === undefined) return always;
      return leaf({ kind, field, ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) });
    }
    case 'resource': {
      const { kind, among } = condition;
      const passes = canonicalResourceTest(condition.passes);
      if (isNever(passes)) return never;
      // Every event has a primary resource. Not every event has a related one.
      if (isAlways(passes) && among !== 'related') return always;
      return nodeOf({ kind, among, passes: passes.value }, `{"kind":"resource","among":"${among}","passes":${passes.json}}`);
    }
    case 'payload': {
      const { kind, path } = condition;
      const test = canonicalValueTest(condition.passes);
      if (isNever(test)) return never;
      if (isAlways(test) && isExactPath(path)) return always;
      const passes = isAlways(test) ? leaf<ValueTest>({ kind: 'exists' }) : test;
      return nodeOf({ kind, path, passes: passes.value }, `{"kind":"payload","path":${JSON.stringify(path)},"passes":${passes.json}}`);
    }
    case 'contains':
      return leaf({ kind: 'contains', searchTerm: condition.searchTerm });
    default:
      return canonicalCombination(condition, canonicalCondition);
  }
}

function canonicalResourceTest(test: ResourceTest): CanonicalNode<ResourceTest> {
  switch (test.kind) {
    case 'exists':
      return leaf({ kind: 'exists', label: test.label });
    case 'oneOf':
      return canonicalList(sortedTexts(test.values), (values) => ({ kind: 'oneOf', label: test.label, values }));
    case 'startsWith':
      return canonicalList(sortedTexts(test.prefixes), (prefixes) => ({ kind: 'startsWith', label: test.label, prefixes }));
    case 'like':
      return canonicalList(sortedTexts(test.globs), (globs) => ({ kind: 'like', label: test.label, globs }));
    default:
      return canonicalCombination(test, canonicalResourceTest);
  }
}

function canonicalValueTest(test: ValueTest): CanonicalNode<ValueTest> {
  switch (test.kind) {
    case 'exists':
      return leaf({ kind: 'exists' });
    case 'oneOf': {
      const values = distinct(test.values.map((each) => leaf(orderedValue(each)))).map(({ value }) => value);
      return canonicalList(values, (each) => ({ kind: 'oneOf', values: each }));
    }
    case 'compares':
      return leaf({ kind: 'compares', operator: test.operator, to: typeof test.to === 'number' ? normalizeZero(test.to) : test.to });
    default:
      return canonicalCombination(test, canonicalValueTest);
  }
}

function canonicalCombination<T extends { readonly kind: string }>(
  combination: Combination<T>,
  canonicalOf: (each: T) => CanonicalNode<T>,
): CanonicalNode<T | Combination<T>> {
  const { kind } = combination;
  if (kind === 'not') {
    const operand = canonicalOf(combination.of);
    if (isAlways(operand)) return never;
    if (isNever(operand)) return always;
    const [inner] = operand.value.kind === 'not' ? operand.children : [];
    return inner ?? { value: { kind, of: operand.value }, json: `{"kind":"not","of":${operand.json}}`, children: [operand] };
  }
  // Flattening also drops `always` from an all and `never` from an any: they have no parts.
  const children = distinct(combination.of.map(canonicalOf).flatMap((child) => (child.value.kind === kind ? child.children : [child])));
  const deciding = children.find(kind === 'all' ? isNever : isAlways);
  if (deciding !== undefined) return deciding;
  const [only, ...others] = children;
  if (only !== undefined && others.length === 0) return only;
  const json = `{"kind":"${kind}","of":[${children.map((child) => child.json).join(',')}]}`;
  return { value: { kind, of: children.map(({ value }) => value) }, json, children };
}

/** A condition that one entry of a list must meet. No entry of an empty list does. */
function canonicalList<T, V>(entries: readonly V[], valueOf: (entries: readonly V[]) => T): CanonicalNode<T | typeof never.value> {
  return entries.length === 0 ? never : leaf(valueOf(entries));
}

function leaf<T>(value: T): CanonicalNode<T> {
  return nodeOf(value, stringifyJson(value));
}

function nodeOf<T>(value: T, json: string): CanonicalNode<T> {
  return { value, json, children: [] };
}

const always = leaf({ kind: 'all', of: [] } as const);
const never = leaf({ kind: 'any', of: [] } as const);

function isAlways({ value, children }: CanonicalNode<{ readonly kind: string }>): boolean {
  return value.kind === 'all' && children.length === 0;
}

function isNever({ value, children }: CanonicalNode<{ readonly kind: string }>): boolean {
  return value.kind === 'any' && children.length === 0;
}

function sortedTexts(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}

function distinct<T>(nodes: readonly CanonicalNode<T>[]): readonly CanonicalNode<T>[] {
  return [...new Map(nodes.map((node) => [node.json, node])).values()].toSorted((a, b) => (a.json < b.json ? -1 : 1));
}

/**
 * The same JSON value with the keys of objects in order, and with 0 for -0, as JSON text has it.
 */
function orderedValue(value: unknown): unknown {
  return parseJson(orderedJson(value));
}

/** Replaces -0 by 0. */
function normalizeZero(value: number): number {
  return value + 0;
}
