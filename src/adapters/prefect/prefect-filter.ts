import type { EventOrder } from '../../event/cursor.ts';
import { labelKeys } from '../../event/event.ts';
import { fromMicros, toMicros } from '../../event/instant.ts';
import { everything, type Condition, type ResourceTest } from '../../filter/filter.ts';
import { allOf, filterError, ParseContext, not, type FilterBounds } from '../../filter/parse/parse-context.ts';
import { parseTextFilter } from '../../filter/parse/parse-text-filter.ts';
import { JsonReader, type Path } from './json-reader.ts';
import { labelsTest } from './label-filter.ts';
import { isUuid } from './prefect-event.ts';

/** Prefect's EventFilter, parsed. */
export interface PrefectFilter {
  /** The whole filter except the ids. */
  readonly condition: Condition;
  /** Ids as Prefect's clients see them (`prefectId`); null: any. */
  readonly prefectIds: readonly string[] | null;
  readonly order: Exclude<EventOrder, 'LOG'>;
  /** Only the first event, in the order, of each primary resource. */
  readonly distinct: boolean;
}

/**
 * Parses Prefect's EventFilter. An absent value, null or an empty list is no condition. An unknown
 * key is an error, as in Prefect. Throws BAD_FILTER with the path of the invalid part.
 */
export function parsePrefectFilter(input: unknown, path: Path, bounds: FilterBounds): PrefectFilter {
  return new Parser(new ParseContext(path, bounds)).filter(input, path);
}

class Parser {
  private readonly json: JsonReader;

  constructor(private readonly context: ParseContext) {
    this.json = new JsonReader(context);
  }

  filter(input: unknown, path: Path): PrefectFilter {
    const { json } = this;
    const given = json.object(input, path, ['occurred', 'event', 'resource', 'related', 'any_resource', 'id', 'text', 'order']);
    const at = (key: string): Path => [...path, key];
    const resource = json.object(given['resource'], at('resource'), ['id', 'id_prefix', 'labels', 'distinct']);
    const id = json.object(given['id'], at('id'), ['id']);
    const text = json.object(given['text'], at('text'), ['query']);
    return {
      condition: allOf<Condition>([
        this.occurred(given['occurred'], at('occurred')),
        this.name(given['event'], at('event')),
        this.resource(resource, at('resource')),
        this.eachOf(given['related'], at('related'), (each, inputPath) => this.related(each, inputPath)),
        this.eachOf(given['any_resource'], at('any_resource'), (each, inputPath) => this.anyResource(each, inputPath)),
        this.context.clause(json.text(text['query'], [...path, 'text', 'query']), [...path, 'text', 'query'], (query, inputPath) =>
          // An empty search of Prefect's UI is no condition.
          query.trim() === '' ? everything : parseTextFilter(this.context, query, inputPath),
        ),
      ]),
      prefectIds: this.ids(id['id'], [...path, 'id', 'id']),
      order: this.json.oneOf(given['order'], at('order'), ['DESC', 'ASC']) === 'ASC' ? 'OLDEST_FIRST' : 'NEWEST_FIRST',
      distinct: json.oneOf(resource['distinct'], [...path, 'resource', 'distinct'], [false, true]),
    };
  }

  /** Both ends are inclusive, so `until` becomes exclusive one microsecond later. */
  private occurred(input: unknown, path: Path): readonly Condition[] {
    const range = this.json.object(input, path, ['since', 'until']);
    const since = this.context.instant(this.json.text(range['since'], [...path, 'since']), [...path, 'since']);
    const last = this.context.instant(this.json.text(range['until'], [...path, 'until']), [...path, 'until']);
    const until = last === undefined ? null : fromMicros(toMicros(last) + 1n); // null also past the last instant
    if (since === undefined && until === null) return [];
    return [{ kind: 'during', field: 'occurred', ...(since !== undefined && { since }), ...(until !== null && { until }) }];
  }

  private name(input: unknown, path: Path): readonly Condition[] {
    const given = this.json.object(input, path, ['prefix', 'exclude_prefix', 'name', 'exclude_name']);
    const list = <C>(key: string, make: (values: readonly string[]) => C) => this.json.list(given[key], [...path, key], make);
    return [
      ...list('prefix', nameStartsWith),
      ...list('exclude_prefix', (values) => not(nameStartsWith(values))),
      ...list('name', nameIs),
      ...list('exclude_name', (values) => not(nameIs(values))),
    ];
  }

  private resource(given: Readonly<Record<string, unknown>>, path: Path): readonly Condition[] {
    return this.resourceCondition('primary', this.tests(given, path));
  }

  private anyResource(input: unknown, path: Path): readonly Condition[] {
    return this.resourceCondition('any', this.tests(this.json.object(input, path, ['id', 'id_prefix', 'labels']), path));
  }

  private related(input: unknown, path: Path): readonly Condition[] {
    const given = this.json.object(input, path, ['id', 'id_prefix', 'role', 'resources_in_roles', 'labels']);
    const roles = this.json.list(given['role'], [...path, 'role'], (values) => labelIs(labelKeys.role, values));
    const pairs = this.json.pairs(given['resources_in_roles'], [...path, 'resources_in_roles'], ([id, role]): ResourceTest => ({
      kind: 'all',
      of: [labelIs(labelKeys.id, [id]), labelIs(labelKeys.role, [role])],
    }));
    const inRoles: readonly ResourceTest[] = pairs.length === 0 ? [] : [{ kind: 'any', of: pairs }];
    return this.resourceCondition('related', [...this.tests(given, path), ...roles, ...inRoles]);
  }

  /** Tests that one and the same resource must pass. */
  private tests(given: Readonly<Record<string, unknown>>, path: Path): readonly ResourceTest[] {
    return [
      ...this.json.list(given['id'], [...path, 'id'], (values) => labelIs(labelKeys.id, values)),
      ...this.json.list(given['id_prefix'], [...path, 'id_prefix'], (prefixes): ResourceTest => ({
        kind: 'startsWith',
        label: labelKeys.id,
        prefixes,
      })),
      ...labelsTest(this.context, given['labels'], [...path, 'labels']),
    ];
  }

  private resourceCondition(among: 'primary' | 'related' | 'any', tests: readonly ResourceTest[]): readonly Condition[] {
    return tests.length === 0 ? [] : [{ kind: 'resource', among, passes: allOf<ResourceTest>([tests]) }];
  }

  /** Reads one object, or a list of objects that are ANDed. */
  private eachOf(input: unknown, path: Path, read: (input: unknown, path: Path) => readonly Condition[]): readonly Condition[] {
    if (!Array.isArray(input)) return read(input, path);
    return this.context.clauses<unknown, readonly Condition[]>(input, path, read).flat();
  }

  private ids(input: unknown, path: Path): readonly string[] | null {
    const [ids] = this.json.list(input, path, (values) => values.map((value) => value.toLowerCase()));
    const index = ids?.findIndex((id) => !isUuid(id)) ?? -1;
    if (index >= 0) throw filterError([...path, String(index)], `expected a UUID, got ${JSON.stringify(ids?.[index]?.slice(0, 60))}`);
    return ids ?? null;
  }
}

function labelIs(label: string, values: readonly string[]): ResourceTest {
  return { kind: 'oneOf', label, values };
}

function nameIs(values: readonly string[]): Condition {
  return { kind: 'oneOf', field: 'event', values };
}

function nameStartsWith(prefixes: readonly string[]): Condition {
  return { kind: 'startsWith', field: 'event', prefixes };
}
