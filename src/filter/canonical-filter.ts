import type { Combination, Condition, ResourceTest, ValueTest } from './filter.ts';

/**
 * A filter in canonical form: it holds for exactly the same events, and filters that differ only in the order,
 * repetition and nesting of their parts have the same key. Promises no more than that: two filters that say the same in
 * other words (two ranges that meet, a list split over an `any`) may keep different keys, and are then merely matched twice.
 */
export interface CanonicalFilter {
  readonly condition: Condition;
  /** The condition as JSON. */
  readonly key: string;
}

/**
 * Nested all and any are flattened, their parts and all lists sorted and freed of repetition; one part stands for
 * itself, a double not for nothing. What always or never holds is carried up to where it decides something.
 */
export function canonicalFilter(filter: Condition): CanonicalFilter {
  const { value, text } = conditionForm(filter);
  return { condition: value, key: text };
}

/** A canonical part with its JSON, by which it is sorted and compared, so that no level has to write it again. */
interface Form<T> {
  readonly value: T;
  readonly text: string;
  /** Those that an all or any combines, or the one that a not denies. */
  readonly parts: readonly Form<T>[];
}

function conditionForm(condition: Condition): Form<Condition> {
  switch (condition.kind) {
    case 'oneOf':
      return listForm(sortedTexts(condition.values), (values) => ({ kind: 'oneOf', field: condition.field, values }));
    case 'startsWith':
      return listForm(sortedTexts(condition.prefixes), (prefixes) => ({ kind: 'startsWith', field: condition.field, prefixes }));
    case 'during': {
      const { kind, field, since, until } = condition;
      if (since === undefined && until === undefined) return always;
      return leaf({ kind, field, ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) });
    }
    case 'resource': {
      const { kind, among } = condition;
      const passes = resourceForm(condition.passes);
      if (isNever(passes)) return never;
      // Every event has a primary resource, but not a related one.
      if (isAlways(passes) && among !== 'related') return always;
      return around({ kind, among, passes: passes.value }, `{"kind":"resource","among":"${among}","passes":${passes.text}}`);
    }
    case 'payload': {
      const { kind, path } = condition;
      const passes = valueForm(condition.passes);
      if (isNever(passes)) return never;
      if (isAlways(passes)) return always;
      return around({ kind, path, passes: passes.value }, `{"kind":"payload","path":${JSON.stringify(path)},"passes":${passes.text}}`);
    }
    case 'contains':
      return leaf({ kind: 'contains', needle: condition.needle });
    default:
      return combinationForm(condition, conditionForm);
  }
}

function resourceForm(test: ResourceTest): Form<ResourceTest> {
  switch (test.kind) {
    case 'exists':
      return leaf({ kind: 'exists', label: test.label });
    case 'oneOf':
      return listForm(sortedTexts(test.values), (values) => ({ kind: 'oneOf', label: test.label, values }));
    case 'startsWith':
      return listForm(sortedTexts(test.prefixes), (prefixes) => ({ kind: 'startsWith', label: test.label, prefixes }));
    case 'like':
      return listForm(sortedTexts(test.globs), (globs) => ({ kind: 'like', label: test.label, globs }));
    default:
      return combinationForm(test, resourceForm);
  }
}

function valueForm(test: ValueTest): Form<ValueTest> {
  switch (test.kind) {
    case 'exists':
      return leaf({ kind: 'exists' });
    case 'oneOf': {
      const values = distinct(test.values.map((each) => leaf(sortedJson(each)))).map(({ value }) => value);
      return listForm(values, (each) => ({ kind: 'oneOf', values: each }));
    }
    case 'compares':
      return leaf({ kind: 'compares', operator: test.operator, to: typeof test.to === 'number' ? oneZero(test.to) : test.to });
    default:
      return combinationForm(test, valueForm);
  }
}

function combinationForm<T extends { readonly kind: string }>(
  combination: Combination<T>,
  formOf: (each: T) => Form<T>,
): Form<T | Combination<T>> {
  const { kind } = combination;
  if (kind === 'not') {
    const denied = formOf(combination.of);
    if (isAlways(denied)) return never;
    if (isNever(denied)) return always;
    const [within] = denied.value.kind === 'not' ? denied.parts : [];
    return within ?? { value: { kind, of: denied.value }, text: `{"kind":"not","of":${denied.text}}`, parts: [denied] };
  }
  // Flattening also drops an `always` from an all and a `never` from an any: they have no parts.
  const parts = distinct(combination.of.map(formOf).flatMap((part) => (part.value.kind === kind ? part.parts : [part])));
  const deciding = parts.find(kind === 'all' ? isNever : isAlways);
  if (deciding !== undefined) return deciding;
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const text = `{"kind":"${kind}","of":[${parts.map((part) => part.text).join(',')}]}`;
  return { value: { kind, of: parts.map(({ value }) => value) }, text, parts };
}

/** A list of which one entry must fit: nothing fits an empty one. */
function listForm<T, V>(entries: readonly V[], valueOf: (entries: readonly V[]) => T): Form<T | typeof never.value> {
  return entries.length === 0 ? never : leaf(valueOf(entries));
}

function leaf<T>(value: T): Form<T> {
  return around(value, JSON.stringify(value));
}

function around<T>(value: T, text: string): Form<T> {
  return { value, text, parts: [] };
}

const always = leaf({ kind: 'all', of: [] } as const);
const never = leaf({ kind: 'any', of: [] } as const);

function isAlways({ value, parts }: Form<{ readonly kind: string }>): boolean {
  return value.kind === 'all' && parts.length === 0;
}

function isNever({ value, parts }: Form<{ readonly kind: string }>): boolean {
  return value.kind === 'any' && parts.length === 0;
}

function sortedTexts(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}

function distinct<T>(forms: readonly Form<T>[]): readonly Form<T>[] {
  return [...new Map(forms.map((form) => [form.text, form])).values()].toSorted((a, b) => (a.text < b.text ? -1 : 1));
}

/** The same JSON value with the keys of its objects in order, and one zero, as its JSON has. */
function sortedJson(value: unknown): unknown {
  if (typeof value === 'number') return oneZero(value);
  if (Array.isArray(value)) return value.map(sortedJson);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sortedJson(each)]));
}

/** A number as its JSON reads: -0 becomes 0. */
function oneZero(value: number): number {
  return value + 0;
}
