import { sql, type SQL } from 'drizzle-orm';
import { labelKeys } from '../../event/event.ts';
import { anyElement, arrayIndex, type PayloadPattern } from '../../event/payload-path.ts';
import type { Condition, ResourceTest, ValueTest } from '../../filter/filter.ts';
import { literalRuns } from '../../filter/glob.ts';
import { isJsonScalar } from '../../json/exact-number.ts';
import { stringifyJson } from '../../json/stringify-json.ts';
import { conjunctionSql, disjunctionSql, list, unseen } from './sql-fragments.ts';

/** A condition on events `e` that the index events_by_content serves (drizzle/tables.ts). */
export interface ServedCondition {
  readonly met: SQL;
  /** The scans of the index that it takes. */
  readonly scans: number;
  /** The same for the same lookups. */
  readonly key: string;
}

/**
 * The condition that the index serves of a filter. Every event that matches the filter meets it. Null:
 * the index serves no part of the filter.
 *
 * Does not guarantee the converse: the index holds hashes, and does not tell which element of an
 * array has a value. So a query must test the filter on the events that it finds.
 */
export function indexConditionOf(filter: Condition): ServedCondition | null {
  const search = searchOf(filter);
  const scans = search === null ? 0 : scansOf(search);
  return search === null || scans > maxScans ? null : { met: searchSql(search), scans, key: stringifyJson(search) };
}

/** The keys of an event in the index: an expression that must be the same as in drizzle/tables.ts. */
const contentKeys = sql.raw(
  `(array[hashtext('e'::text || e.event), hashtext("left"(e.event, 4)), hashtext("left"(e.event, 8)), hashtext("left"(e.event, 16)), hashtext('i'::text || e.resource_id), ((e."position" >> 12) & 2147483647)::int, -1 - ((e."position" >> 18) & 2147483647)::int])`,
);

/** Whether the position of an event `e` is in one of these extents, by the same index. */
export function inExtents(extents: SQL): SQL {
  return sql`${contentKeys} && ${extents}`;
}

/**
 * Extents: keys of the index that 4,096 or, below zero, 262,144 consecutive positions have in common. A
 * search of many positions needs large ones: its cost follows the number of keys. Rows have the first and last position
 * of an extent and its key.
 */
export function extentsOf(level: ExtentLevel, { first, last }: Readonly<Record<'first' | 'last', SQL>>): SQL {
  const { bits, key } = levels[level];
  const shift = sql.raw(String(bits));
  return sql`(
    select b.n << ${shift} as first, ((b.n + 1) << ${shift}) - 1 as last, ${key} as key
    from generate_series(${first}::bigint >> ${shift}, ${last}::bigint >> ${shift}) as b (n)
  )`;
}

export type ExtentLevel = 'small' | 'large';

const levels = {
  small: { bits: 12, key: sql`(b.n & 2147483647)::int` },
  large: { bits: 18, key: sql`-1 - (b.n & 2147483647)::int` },
} as const;

/** Whether an event `e` mentions the resource `k.value` as the primary one, or as a related one, by the same index. */
export const indexedMention = {
  PRIMARY: sql`${contentKeys} && array[hashtext('i' || k.value)]`,
  RELATED: sql`e.related @> jsonb_build_array(jsonb_build_object('id', k.value))`,
} as const;

/** What the index is searched for: a tree of lookups. */
type Search =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Search[] }
  /** At least one of these hashed texts. */
  | { readonly kind: 'keys'; readonly texts: readonly string[] }
  /** The column contains one of these as JSON. */
  | { readonly kind: 'contains'; readonly column: JsonColumn; readonly values: readonly unknown[] };

type JsonColumn = 'resource_labels' | 'related' | 'payload';

function searchOf(condition: Condition): Search | null {
  switch (condition.kind) {
    case 'all':
      return allOf(condition.of.map(searchOf));
    case 'any':
      return anyOf(condition.of.map(searchOf));
    case 'not':
      return condition.of.kind === 'not' ? searchOf(condition.of.of) : null;
    case 'oneOf':
      return condition.field === 'event' ? keysSearch('e', condition.values) : null;
    case 'startsWith':
      return condition.field === 'event' ? anyOf(condition.prefixes.map(namePrefixSearch)) : null;
    case 'like':
      return condition.field === 'event' ? anyOf(condition.globs.map(nameGlobSearch)) : null;
    case 'resource':
      return condition.among === 'any'
        ? anyOf([resourceSearch(condition.passes, 'primary'), resourceSearch(condition.passes, 'related')])
        : resourceSearch(condition.passes, condition.among);
    case 'payload':
      return valueSearch(condition.passes, condition.path);
    case 'during':
    case 'contains':
      return null;
    default:
      return condition satisfies never;
  }
}

function keysSearch(kind: 'e' | 'i', values: readonly string[]): Search {
  return { kind: 'keys', texts: values.map((value) => kind + value) };
}

/** The longest indexed prefix of a name's prefix; null if it is shorter than all. */
function namePrefixSearch(prefix: string): Search | null {
  const characters = Array.from(prefix);
  const length = namePrefixLengths.findLast((each) => each <= characters.length);
  return length === undefined ? null : { kind: 'keys', texts: [characters.slice(0, length).join('')] };
}

function nameGlobSearch(glob: string): Search | null {
  const { prefix, isLiteral } = literalRuns(glob);
  return isLiteral ? keysSearch('e', [prefix]) : namePrefixSearch(prefix);
}

function resourceSearch(test: ResourceTest, among: 'primary' | 'related'): Search | null {
  switch (test.kind) {
    case 'all':
      return allOf(test.of.map((each) => resourceSearch(each, among)));
    case 'any':
      return anyOf(test.of.map((each) => resourceSearch(each, among)));
    case 'not':
      return test.of.kind === 'not' ? resourceSearch(test.of.of, among) : null;
    case 'oneOf':
      return labelSearch(test.label, test.values, among);
    case 'like': {
      const globs = test.globs.map(literalRuns);
      return globs.every(({ isLiteral }) => isLiteral)
        ? labelSearch(
            test.label,
            globs.map(({ prefix }) => prefix),
            among,
          )
        : null;
    }
    case 'exists':
    case 'startsWith':
      return null;
    default:
      return test satisfies never;
  }
}

function labelSearch(label: string, values: readonly string[], among: 'primary' | 'related'): Search {
  if (label === labelKeys.id && among === 'primary') return keysSearch('i', values);
  const labels = label === labelKeys.name ? [labelKeys.name, labelKeys.fallbackName] : [label];
  const pairs = values.flatMap((value) => labels.map((each) => [each, value] as const));
  return among === 'primary'
    ? { kind: 'contains', column: 'resource_labels', values: pairs.map((pair) => Object.fromEntries([pair])) }
    : { kind: 'contains', column: 'related', values: pairs.map(([each, value]) => [relatedWith(each, value)]) };
}

function relatedWith(label: string, value: string): object {
  if (label === labelKeys.id) return { id: value };
  return label === labelKeys.role ? { role: value } : { labels: Object.fromEntries([[label, value]]) };
}

function valueSearch(test: ValueTest, path: PayloadPattern): Search | null {
  switch (test.kind) {
    case 'all':
      return allOf(test.of.map((each) => valueSearch(each, path)));
    case 'any':
      return anyOf(test.of.map((each) => valueSearch(each, path)));
    case 'oneOf':
      return test.values.every(isJsonScalar) ? equalitySearch(test.values, path) : null;
    case 'not':
    case 'exists':
    case 'compares':
      return null;
    default:
      return test satisfies never;
  }
}

/** The index has scalars, each with the keys above it. */
function equalitySearch(scalars: readonly unknown[], path: PayloadPattern): Search | null {
  if (path.filter((step) => step !== anyElement && arrayIndex.test(step)).length > maxArrayIndexes) return null;
  const values = path.reduceRight((inner, step) => inner.flatMap((each) => parentsOf(each, step)), scalars);
  return { kind: 'contains', column: 'payload', values };
}

/** An index of an array can also be a key of an object. */
function parentsOf(value: unknown, step: PayloadPattern[number]): readonly unknown[] {
  if (step === anyElement) return [[value]];
  const object = Object.fromEntries([[step, value]]);
  return arrayIndex.test(step) ? [object, [value]] : [object];
}

function allOf(parts: readonly (Search | null)[]): Search | null {
  const of = parts.flatMap((each) => each ?? []);
  return of.length === 0 ? null : { kind: 'all', of };
}

function anyOf(parts: readonly (Search | null)[]): Search | null {
  const of = parts.flatMap((each) => each ?? []);
  if (of.length < parts.length) return null;
  const texts = of.flatMap((each) => (each.kind === 'keys' ? each.texts : []));
  const contained = jsonColumns.flatMap((column): readonly Search[] => {
    const values = of.flatMap((each) => (each.kind === 'contains' && each.column === column ? each.values : []));
    return values.length === 0 ? [] : [{ kind: 'contains', column, values }];
  });
  const combined = of.filter(({ kind }) => kind === 'all' || kind === 'any');
  return { kind: 'any', of: [...(texts.length === 0 ? [] : [{ kind: 'keys', texts } as const]), ...contained, ...combined] };
}

const jsonColumns = ['resource_labels', 'related', 'payload'] as const;

/** The scans of the index that a search takes: one for each value that a column may contain. */
function scansOf(search: Search): number {
  switch (search.kind) {
    case 'all':
      return search.of.reduce((product, each) => product * scansOf(each), 1);
    case 'any':
      return search.of.reduce((sum, each) => sum + scansOf(each), 0);
    case 'keys':
      return 1;
    case 'contains':
      return search.values.length;
    default:
      return search satisfies never;
  }
}

function searchSql(search: Search): SQL {
  switch (search.kind) {
    case 'all':
      return conjunctionSql(search.of.map(searchSql));
    case 'any':
      return disjunctionSql(search.of.map(searchSql));
    case 'keys':
      return sql`${contentKeys} && array(select hashtext(value) from ${list(search.texts)} as v (value))`;
    case 'contains':
      return containsOneOf(search.column, search.values);
    default:
      return search satisfies never;
  }
}

function containsOneOf(column: JsonColumn, values: readonly unknown[]): SQL {
  const name = sql.raw(`e.${column}`);
  if (values.length === 1) return sql`${name} @> ${unseen(sql`${stringifyJson(values[0])}::text::jsonb`)}`;
  return sql`${name} @> any(array(select value from jsonb_array_elements(${stringifyJson(values)}::text::jsonb)))`;
}

/** The characters of a name that are a key, in ascending order. */
const namePrefixLengths = [4, 8, 16];
/** With more scans, reading blocks of events costs less. */
const maxScans = 1000;
/** Steps of a payload path that may be the index of an array: each doubles the values. */
const maxArrayIndexes = 3;
