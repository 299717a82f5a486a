import type { Condition, TextField, TimeField } from '../filter.ts';
import { checkedFilterInput } from './check-filter-input.ts';
import { rejectWithoutEffect } from './effect.ts';
import type { EventFilterInput, ResourceFilterInput, TimeRangeInput } from './filter-input.ts';
import { allOf, not, ParseContext, type FilterBounds } from './parse-context.ts';
import { nameFilterParser, type NameTests } from './parse-name-filter.ts';
import { parsePayloadFilter } from './parse-payload-filter.ts';
import { parseRelatedFilter, parseResourceFilter } from './parse-resource-filter.ts';
import { parseTextFilter } from './parse-text-filter.ts';

type Path = readonly string[];

/** Parses an EventFilter. Throws BAD_FILTER with the path of the offending part. */
export function parseFilter(input: EventFilterInput | null | undefined, path: Path, bounds: FilterBounds): Condition {
  return new EventFilterParser(new ParseContext(path, bounds)).filter(input ?? {}, path, 1);
}

/**
 * Parses a filter that is a permission: only events that match it exist for its holder. Throws
 * BAD_FILTER for the first part that excludes nothing, such as `startsWith` with an absent variable:
 * without its condition, the filter would grant more than its author meant.
 */
export function parsePermissionFilter(input: EventFilterInput, path: Path, bounds: FilterBounds): Condition {
  const context = new ParseContext(path, bounds, rejectWithoutEffect);
  const condition = context.checked(new EventFilterParser(context).filter(input, path, 1), path);
  checkedFilterInput(input, path);
  return condition;
}

/**
 * Parses a permission filter that was stored, perhaps by another version of the program. Throws
 * BAD_FILTER for unknown members, and for a filter that excludes nothing as a whole.
 */
export function parseStoredPermissionFilter(input: unknown, path: Path, bounds: FilterBounds): Condition {
  const condition = parseFilter(checkedFilterInput(input, path), path, bounds);
  rejectWithoutEffect(condition, path);
  return condition;
}

class EventFilterParser {
  constructor(private readonly context: ParseContext) {}

  filter(input: EventFilterInput, path: Path, depth: number): Condition {
    const { context } = this;
    context.checkDepth(depth, path);
    const nested = (each: EventFilterInput, at: Path): Condition => this.filter(each, at, depth + 1);
    return allOf<Condition>([
      context.clause(input.id, [...path, 'id'], (values, at) => this.oneOf('id', values, at)),
      context.clause(input.occurred, [...path, 'occurred'], (range, at) => this.during('occurred', range, at)),
      context.clause(input.received, [...path, 'received'], (range, at) => this.during('received', range, at)),
      context.clause(input.event, [...path, 'event'], nameFilterParser<Condition>(context, eventNameTests)),
      context.clause(input.resource, [...path, 'resource'], (resource, at) => this.resource('primary', resource, at)),
      context.clauses(input.related, [...path, 'related'], (related, at) => ({
        kind: 'resource',
        among: 'related',
        passes: parseRelatedFilter(context, related, at),
      })),
      context.clauses(input.anyResource, [...path, 'anyResource'], (resource, at) => this.resource('any', resource, at)),
      context.clauses(input.payload, [...path, 'payload'], (value, at) => parsePayloadFilter(context, value, at)),
      context.clause(input.follows, [...path, 'follows'], (values, at) => this.oneOf('follows', values, at)),
      context.clause(input.text, [...path, 'text'], (text, at) => parseTextFilter(context, text, at)),
      context.clauses(input.and, [...path, 'and'], nested),
      context.clause(input.or, [...path, 'or'], (filters, at) => ({
        kind: 'any',
        of: filters.length === 0 ? [] : context.clauses(filters, at, nested),
      })),
      context.clause(input.not, [...path, 'not'], (filter, at) => not(nested(filter, at))),
    ]);
  }

  private resource(among: 'primary' | 'any', input: ResourceFilterInput, path: Path): Condition {
    return { kind: 'resource', among, passes: parseResourceFilter(this.context, input, path) };
  }

  private oneOf(field: TextField, values: readonly string[], path: Path): Condition {
    return { kind: 'oneOf', field, values: this.context.texts(values, path) };
  }

  private during(field: TimeField, input: TimeRangeInput, path: Path): Condition {
    const since = this.context.instant(input.since, [...path, 'since']);
    const until = this.context.instant(input.until, [...path, 'until']);
    return { kind: 'during', field, ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  }
}

const eventNameTests: NameTests<Condition> = {
  oneOf: (values) => ({ kind: 'oneOf', field: 'event', values }),
  startsWith: (prefixes) => ({ kind: 'startsWith', field: 'event', prefixes }),
  like: (globs) => ({ kind: 'like', field: 'event', globs }),
};
