import { sql, type SQL } from 'drizzle-orm';
import { labelKeys } from '../../event/event.ts';
import type { ResourceTest } from '../../filter/filter.ts';
import { likePattern } from '../../filter/glob.ts';
import { conjunctionSql, combinationSql, disjunctionSql, likeOneOf, list, startsWithOneOf, textIn } from './sql-fragments.ts';

/** Some resource of the event passes, in SQL over tidings.events aliased `e`. */
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

/** Where the parts of a resource are found. */
interface Source {
  readonly id: SQL;
  readonly role: SQL;
  readonly labels: SQL;
  /** Its id is one of these, through an index where there is one. */
  readonly idIn: (values: readonly string[]) => SQL;
}

const primary: Source = {
  id: sql`e.resource_id`,
  role: sql`(e.resource_labels ->> ${labelKeys.role})`, // on a primary resource it is a label like any other
  labels: sql`e.resource_labels`,
  idIn: (values) => textIn(sql`e.resource_id`, values),
};

const related: Source = {
  id: sql`(r.resource ->> 'id')`,
  role: sql`(r.resource ->> 'role')`,
  labels: sql`(r.resource -> 'labels')`,
  idIn: (values) => isOneOf(sql`(r.resource ->> 'id')`, values),
};

/** One and the same related resource passes. What it must contain is asked first, since that takes least, and alone where it is all. */
function someRelated(test: ResourceTest): SQL {
  const contained = Object.entries(containment(test));
  const first = contained.length === 0 ? [] : [sql`e.related @> ${JSON.stringify([Object.fromEntries(contained)])}::text::jsonb`];
  if (isContainment(test)) return conjunctionSql(first);
  return conjunctionSql([
    ...first,
    sql`exists (select from jsonb_array_elements(e.related) as r (resource) where ${passes(test, related)})`,
  ]);
}

/** Whether what every related resource that passes contains is also all that it must: of each label one value, or of none. */
function isContainment(test: ResourceTest): boolean {
  const tests = conjunctsOf(test);
  const labels = tests.flatMap((each) => (each.kind === 'oneOf' && Object.keys(containment(each)).length > 0 ? [each.label] : []));
  return tests.length > 0 && new Set(labels).size === tests.length;
}

function conjunctsOf(test: ResourceTest): readonly ResourceTest[] {
  return test.kind === 'all' ? test.of.flatMap(conjunctsOf) : [test];
}

/** A part of every related resource that passes; it may be empty. */
function containment(test: ResourceTest): Readonly<Record<string, unknown>> {
  if (test.kind === 'all') return test.of.map(containment).reduce(merged, {});
  if (test.kind !== 'oneOf' || test.values.length !== 1 || test.label === labelKeys.name) return {};
  const [value] = test.values;
  if (test.label === labelKeys.id) return { id: value };
  return test.label === labelKeys.role ? { role: value } : { labels: { [test.label]: value } };
}

/** Where two parts disagree nothing passes anyway, so either will do. */
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

/** The value of a label of the primary resource as text, null when there is none. */
export function primaryLabel(label: string): SQL {
  return valueOf(label, primary);
}

/** The value of a label as text, null when there is none: what labelOf is in memory. */
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
