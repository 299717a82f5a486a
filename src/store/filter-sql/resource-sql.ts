import { sql, type SQL } from 'drizzle-orm';
import { labelKeys } from '../../event/event.ts';
import type { ResourceTest } from '../../filter/filter.ts';
import { likePattern } from '../../filter/glob.ts';
import { combinationSql, conjunctionSql, disjunctionSql, likeOneOf, list, startsWithOneOf, textIn } from './sql-fragments.ts';

/** Whether some resource of the event passes, in SQL over tidings.events aliased `e`. */
export function someResource(among: 'primary' | 'related' | 'any', test: ResourceTest): SQL {
  switch (among) {
    case 'primary':
      return passes(test, primary);
    case 'related':
      return someRelated(test);
    case 'any':
      return disjunctionSql([passes(test, primary), someRelated(test)]);
    default:
      return among satisfies never;
  }
}

/** The SQL of the parts of a resource. */
interface Source {
  readonly id: SQL;
  readonly role: SQL;
  readonly labels: SQL;
  /** Whether its id is one of these, through an index if there is one. */
  readonly idIn: (values: readonly string[]) => SQL;
}

const primary: Source = {
  id: sql`e.resource_id`,
  role: sql`(e.resource_labels ->> ${labelKeys.role})`, // an ordinary label of the primary resource
  labels: sql`e.resource_labels`,
  idIn: (values) => textIn(sql`e.resource_id`, values),
};

const related: Source = {
  id: sql`(r.resource ->> 'id')`,
  role: sql`(r.resource ->> 'role')`,
  labels: sql`(r.resource -> 'labels')`,
  idIn: (values) => isOneOf(sql`(r.resource ->> 'id')`, values),
};

/**
 * Whether one related resource passes. Tests first, or only, the JSON that it must contain, because
 * that is cheapest.
 */
function someRelated(test: ResourceTest): SQL {
  const contained = Object.entries(containment(test));
  // A parameter of type jsonb: a kept plan would cast a text for each row.
  const first = contained.length === 0 ? [] : [sql`e.related @> ${JSON.stringify([Object.fromEntries(contained)])}::jsonb`];
  if (isContainment(test)) return conjunctionSql(first);
  return conjunctionSql([
    ...first,
    sql`exists (select from jsonb_array_elements(e.related) as r (resource) where ${passes(test, related)})`,
  ]);
}

/** Whether containment is the whole test: a conjunction of single values, each of another label. */
function isContainment(test: ResourceTest): boolean {
  const tests = conjunctsOf(test);
  const labels = tests.flatMap((each) => (each.kind === 'oneOf' && Object.keys(containment(each)).length > 0 ? [each.label] : []));
  return tests.length > 0 && new Set(labels).size === tests.length;
}

function conjunctsOf(test: ResourceTest): readonly ResourceTest[] {
  return test.kind === 'all' ? test.of.flatMap(conjunctsOf) : [test];
}

/** A JSON object that every passing related resource contains; it may be empty. */
function containment(test: ResourceTest): Readonly<Record<string, unknown>> {
  if (test.kind === 'all') return test.of.map(containment).reduce(merged, {});
  if (test.kind !== 'oneOf' || test.values.length !== 1 || test.label === labelKeys.name) return {};
  const [value] = test.values;
  if (test.label === labelKeys.id) return { id: value };
  return test.label === labelKeys.role ? { role: value } : { labels: { [test.label]: value } };
}

/** If two parts contradict each other, no resource passes, so either of them is right. */
function merged(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const labels = { ...(a['labels'] as object | undefined), ...(b['labels'] as object | undefined) };
  return { ...a, ...b, ...(Object.keys(labels).length === 0 ? {} : { labels }) };
}

function passes(test: ResourceTest, source: Source): SQL {
  switch (test.kind) {
    case 'exists':
      return sql`(${valueOf(test.label, source)} is not null)`;
    case 'oneOf':
      return test.label === labelKeys.id ? source.idIn(test.values) : isOneOf(valueOf(test.label, source), test.values);
    case 'startsWith':
      return startsWithOneOf(valueOf(test.label, source), test.prefixes);
    case 'like':
      return likeOneOf(valueOf(test.label, source), test.globs.map(likePattern));
    default:
      return combinationSql(test, (each) => passes(each, source));
  }
}

/** The value of a label of the primary resource as text; null if it does not have the label. */
export function primaryLabel(label: string): SQL {
  return valueOf(label, primary);
}

/**
 * The value of a label as text; null if the resource does not have it. The SQL of `labelOf` in
 * event/event.ts.
 */
function valueOf(label: string, source: Source): SQL {
  switch (label) {
    case labelKeys.id:
      return source.id;
    case labelKeys.role:
      return source.role;
    case labelKeys.name:
      return sql`coalesce(${source.labels} ->> ${labelKeys.name}, ${source.labels} ->> ${labelKeys.fallbackName})`;
    default:
      return sql`(${source.labels} ->> ${label}::text)`;
  }
}

function isOneOf(value: SQL, values: readonly string[]): SQL {
  if (values.length === 0) return sql`false`;
  return sql`coalesce(${value} = any(array(select value from ${list(values)} as v (value))), false)`;
}
