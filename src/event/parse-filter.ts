import { TidingsError } from '../errors.ts';
import type { Condition, TextField, TimeField } from './filter.ts';
import { parseInstant, type Instant } from './instant.ts';
import { unstorable } from './text.ts';

/** GraphQL's EventFilter as it arrives: its types were checked, its meaning was not. Null is the same as left out. */
export interface EventFilterInput {
  readonly id?: readonly string[] | null | undefined;
  readonly occurred?: TimeRangeInput | null | undefined;
  readonly event?: NameFilterInput | null | undefined;
  readonly resource?: ResourceFilterInput | null | undefined;
}
export interface TimeRangeInput {
  readonly since?: string | null | undefined;
  readonly until?: string | null | undefined;
}
export interface NameFilterInput {
  readonly in?: readonly string[] | null | undefined;
  readonly startsWith?: readonly string[] | null | undefined;
  readonly notIn?: readonly string[] | null | undefined;
  readonly notStartsWith?: readonly string[] | null | undefined;
}
export interface ResourceFilterInput {
  readonly id?: NameFilterInput | null | undefined;
}

/** How large one filter may be: nodes are fields and operators that say something. */
export interface FilterBounds {
  readonly filterNodes: number;
  readonly filterListLength: number;
}

/** Brings an EventFilter into the form that both readings share. Throws BAD_FILTER with the path of the offending part. */
export function parseFilter(input: EventFilterInput | null | undefined, path: readonly string[], bounds: FilterBounds): Condition {
  return new FilterParser(path, bounds).filter(input ?? {}, path);
}

class FilterParser {
  private nodes = 0;

  constructor(
    private readonly root: readonly string[],
    private readonly bounds: FilterBounds,
  ) {}

  filter(input: EventFilterInput, path: readonly string[]): Condition {
    return this.all([
      this.part(input.id, [...path, 'id'], (values, at) => this.oneOf('id', values, at)),
      this.part(input.occurred, [...path, 'occurred'], (range, at) => this.during('occurred', range, at)),
      this.part(input.event, [...path, 'event'], (names, at) => this.name('event', names, at)),
      this.part(input.resource, [...path, 'resource'], (resource, at) => this.resource(resource, at)),
    ]);
  }

  private resource(input: ResourceFilterInput, path: readonly string[]): Condition {
    return this.all([this.part(input.id, [...path, 'id'], (names, at) => this.name('resource.id', names, at))]);
  }

  private name(field: TextField, input: NameFilterInput, path: readonly string[]): Condition {
    const oneOf = (values: readonly string[], at: readonly string[]): Condition => this.oneOf(field, values, at);
    const startsWith = (prefixes: readonly string[], at: readonly string[]): Condition => {
      this.checkList(prefixes, at);
      return { kind: 'startsWith', field, prefixes };
    };
    return this.all([
      this.part(input.in, [...path, 'in'], oneOf),
      this.part(input.startsWith, [...path, 'startsWith'], startsWith),
      this.part(input.notIn, [...path, 'notIn'], (values, at) => not(oneOf(values, at))),
      this.part(input.notStartsWith, [...path, 'notStartsWith'], (values, at) => not(startsWith(values, at))),
    ]);
  }

  private oneOf(field: TextField, values: readonly string[], path: readonly string[]): Condition {
    this.checkList(values, path);
    return { kind: 'oneOf', field, values };
  }

  private during(field: TimeField, input: TimeRangeInput, path: readonly string[]): Condition {
    const since = this.instant(input.since, [...path, 'since']);
    const until = this.instant(input.until, [...path, 'until']);
    return { kind: 'during', field, ...(since === null ? {} : { since }), ...(until === null ? {} : { until }) };
  }

  private instant(text: string | null | undefined, path: readonly string[]): Instant | null {
    if (text === undefined || text === null) return null;
    const instant = parseInstant(text);
    if (instant === null) throw bad(path, `expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got ${JSON.stringify(text)}`);
    return instant;
  }

  private checkList(values: readonly string[], path: readonly string[]): void {
    const most = this.bounds.filterListLength;
    if (values.length > most) throw bad(path, `expected at most ${most} values in one list, got ${values.length}`);
    values.forEach((value, index) => {
      const reason = unstorable(value);
      if (reason !== null) throw bad([...path, String(index)], `the string has ${reason}`);
    });
  }

  /** One field of the filter: nothing when left out, else one node more. */
  private part<T>(
    input: T | null | undefined,
    path: readonly string[],
    read: (input: T, path: readonly string[]) => Condition,
  ): readonly Condition[] {
    if (input === undefined || input === null) return [];
    this.nodes += 1;
    const most = this.bounds.filterNodes;
    if (this.nodes > most) throw bad(this.root, `expected a filter of at most ${most} nodes, got more`);
    return [read(input, path)];
  }

  private all(parts: readonly (readonly Condition[])[]): Condition {
    const of = parts.flat();
    return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
  }
}

function not(condition: Condition): Condition {
  return { kind: 'not', of: condition };
}

function bad(path: readonly string[], expectation: string): TidingsError {
  return new TidingsError('BAD_FILTER', `${path.join('.')}: ${expectation}`, { path });
}
