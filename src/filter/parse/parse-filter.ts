import type { Condition, TextField, TimeField } from '../filter.ts';
import { allOf, FilterReader, not, type FilterBounds } from './parse-context.ts';
import { parsePayloadFilter } from './parse-payload-filter.ts';
import { parseRelatedFilter, parseResourceFilter } from './parse-resource-filter.ts';
import type { ResourceFilterInput, EventFilterInput, TimeRangeInput, NameFilterInput } from './filter-input.ts';
import { parseTextFilter } from './parse-text-filter.ts';

type Path = readonly string[];

/** Brings an EventFilter into the form that both readings share. Throws BAD_FILTER with the path of the offending part. */
export function parseFilter(input: EventFilterInput | null | undefined, path: Path, bounds: FilterBounds): Condition {
  return new EventFilterParser(new FilterReader(path, bounds)).filter(input ?? {}, path, 1);
}

class EventFilterParser {
  constructor(private readonly reader: FilterReader) {}

  filter(input: EventFilterInput, path: Path, depth: number): Condition {
    const { reader } = this;
    reader.checkDepth(depth, path);
    const nested = (each: EventFilterInput, at: Path): Condition => this.filter(each, at, depth + 1);
    return allOf<Condition>([
      reader.part(input.id, [...path, 'id'], (values, at) => this.oneOf('id', values, at)),
      reader.part(input.occurred, [...path, 'occurred'], (range, at) => this.during('occurred', range, at)),
      reader.part(input.received, [...path, 'received'], (range, at) => this.during('received', range, at)),
      reader.part(input.event, [...path, 'event'], (names, at) => this.name(names, at)),
      reader.part(input.resource, [...path, 'resource'], (resource, at) => this.resource('primary', resource, at)),
      reader.parts(input.related, [...path, 'related'], (related, at) => ({
        kind: 'resource',
        among: 'related',
        passes: parseRelatedFilter(reader, related, at),
      })),
      reader.parts(input.anyResource, [...path, 'anyResource'], (resource, at) => this.resource('any', resource, at)),
      reader.parts(input.payload, [...path, 'payload'], (value, at) => parsePayloadFilter(reader, value, at)),
      reader.part(input.follows, [...path, 'follows'], (values, at) => this.oneOf('follows', values, at)),
      reader.part(input.text, [...path, 'text'], (text, at) => parseTextFilter(reader, text, at)),
      reader.parts(input.and, [...path, 'and'], nested),
      reader.part(input.or, [...path, 'or'], (filters, at) => ({ kind: 'any', of: reader.parts(filters, at, nested) })),
      reader.part(input.not, [...path, 'not'], (filter, at) => not(nested(filter, at))),
    ]);
  }

  private resource(among: 'primary' | 'any', input: ResourceFilterInput, path: Path): Condition {
    return { kind: 'resource', among, passes: parseResourceFilter(this.reader, input, path) };
  }

  private name(input: NameFilterInput, path: Path): Condition {
    const { reader } = this;
    const startsWith = (values: readonly string[], at: Path): Condition => {
      return { kind: 'startsWith', field: 'event', prefixes: reader.texts(values, at) };
    };
    return allOf<Condition>([
      reader.part(input.in, [...path, 'in'], (values, at) => this.oneOf('event', values, at)),
      reader.part(input.startsWith, [...path, 'startsWith'], startsWith),
      reader.part(input.notIn, [...path, 'notIn'], (values, at) => not(this.oneOf('event', values, at))),
      reader.part(input.notStartsWith, [...path, 'notStartsWith'], (values, at) => not(startsWith(values, at))),
    ]);
  }

  private oneOf(field: TextField, values: readonly string[], path: Path): Condition {
    return { kind: 'oneOf', field, values: this.reader.texts(values, path) };
  }

  private during(field: TimeField, input: TimeRangeInput, path: Path): Condition {
    const since = this.reader.instant(input.since, [...path, 'since']);
    const until = this.reader.instant(input.until, [...path, 'until']);
    return { kind: 'during', field, ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  }
}
