import { type StoredEvent, labelKeys, labelOf } from '../../event/event.ts';
import type { EventFilterInput, RelatedFilterInput } from '../parse/filter-input.ts';
import { parsePayloadPath, valueAt } from '../../event/payload-path.ts';
import type { Condition } from '../filter.ts';
import { resourcesOf } from '../matches.ts';

/** A part of a filter as its client wrote it, so that one can say of each part whether an event meets it. */
export type FilterPart =
  /** Holds when each of its parts does. */
  { readonly kind: 'each'; readonly parts: readonly FilterPart[] } | NamedPart;

/** A part that can be named by its path, and asked for by itself. */
export type NamedPart =
  /** An `or`: holds when some of its parts does. */
  | (Alone & { readonly kind: 'some'; readonly parts: readonly FilterPart[] })
  /** A `not`: holds when its part does not. */
  | (Alone & { readonly kind: 'none'; readonly part: FilterPart })
  /** One and the same thing must meet all of its parts, so it may fail while each of them holds. An operator has none. */
  | (Alone & { readonly kind: 'one'; readonly parts: readonly NamedPart[] });

interface Alone {
  readonly path: Path;
  /** The filter that consists of this part only. */
  readonly alone: EventFilterInput;
  readonly got: Got;
}

export type Path = readonly string[];

/** What the event has where the part looks; null or undefined: nothing. */
export type Got = (event: StoredEvent) => unknown;

/** Where a part of type T stands, and the filter around any such part. */
export interface Place<T> {
  readonly path: Path;
  readonly alone: (part: T) => EventFilterInput;
  readonly got: Got;
}

/** A part for each operator given. Null is the same as left out, but `eq`, which payload values alone have, compares with it. */
export function operatorParts<T extends object>(input: T, { path, alone, got }: Place<T>): readonly NamedPart[] {
  return Object.entries(input)
    .filter(([operator, value]) => value !== undefined && (value !== null || operator === 'eq'))
    .map(([operator, value]) => {
      return { kind: 'one', path: [...path, operator], alone: alone({ [operator]: value } as T), got, parts: [] };
    });
}

/** What one and the same resource must meet, operator by operator; no part when there is no operator. */
export function partOfOperators<T extends object>(input: T, place: Place<T>): readonly NamedPart[] {
  const { path, alone, got } = place;
  const parts = operatorParts(input, place);
  return parts.length === 0 ? [] : [{ kind: 'one', path, alone: alone(input), got, parts }];
}

/** The parts of a filter that stands at this path. The filter must be one that parseFilter accepts. */
export function partsOf(filter: EventFilterInput, path: Path): FilterPart {
  const fields = Object.keys(readers) as readonly (keyof EventFilterInput)[];
  return { kind: 'each', parts: fields.flatMap((field) => fieldParts(field, filter[field], [...path, field])) };
}

function fieldParts<F extends keyof Fields>(field: F, value: Fields[F] | null | undefined, path: Path): readonly FilterPart[] {
  return value === undefined || value === null ? [] : readers[field](value, path);
}

type Fields = { readonly [F in keyof EventFilterInput]-?: NonNullable<EventFilterInput[F]> };

/** How each field comes apart; a field that is missing here does not compile. */
const readers: { readonly [F in keyof Fields]: (value: Fields[F], path: Path) => readonly FilterPart[] } = {
  id: (id, path) => [{ kind: 'one', path, alone: { id }, got: (event) => event.id, parts: [] }],
  occurred: (range, path) => operatorParts(range, { path, alone: (occurred) => ({ occurred }), got: (event) => event.occurred }),
  received: (range, path) => operatorParts(range, { path, alone: (received) => ({ received }), got: (event) => event.received }),
  event: (names, path) => operatorParts(names, { path, alone: (event) => ({ event }), got: (event) => event.event }),
  resource: (input, path) => [resourcePart(input, { path, among: 'primary', alone: (resource) => ({ resource }) })],
  related: (inputs, path) =>
    inputs.map((input, at) => resourcePart(input, { path: [...path, `${at}`], among: 'related', alone: (one) => ({ related: [one] }) })),
  anyResource: (inputs, path) =>
    inputs.map((input, at) => resourcePart(input, { path: [...path, `${at}`], among: 'any', alone: (one) => ({ anyResource: [one] }) })),
  text: (text, path) => [{ kind: 'one', path, alone: { text }, got: () => null, parts: [] }],
  payload: (inputs, path) =>
    inputs.flatMap(({ path: within, ...input }, at) =>
      operatorParts(input, {
        path: [...path, `${at}`],
        alone: (one) => ({ payload: [{ path: within, ...one }] }),
        got: (event) => valueAt(event.payload, parsePayloadPath(within)),
      }),
    ),
  follows: (follows, path) => [{ kind: 'one', path, alone: { follows }, got: (event) => event.follows, parts: [] }],
  and: (filters, path) => filters.map((filter, at) => partsOf(filter, [...path, `${at}`])),
  or: (or, path) => [
    { kind: 'some', path, alone: { or }, got: () => null, parts: or.map((filter, at) => partsOf(filter, [...path, `${at}`])) },
  ],
  not: (not, path) => [{ kind: 'none', path, alone: { not }, got: () => null, part: partsOf(not, path) }],
};

type Among = Extract<Condition, { readonly kind: 'resource' }>['among'];

interface ResourcePlace extends Omit<Place<RelatedFilterInput>, 'got'> {
  readonly among: Among;
}

/** What some one resource must be. Its role, its id and each label are parts, which come apart into operators. */
export function resourcePart(input: RelatedFilterInput, { path, alone, among }: ResourcePlace): NamedPart {
  const { role, id, labels } = input;
  const parts = [
    ...operatorParts({ role }, { path, alone, got: valuesOf(labelKeys.role, among) }),
    ...partOfOperators(id ?? {}, { path: [...path, 'id'], alone: (one) => alone({ id: one }), got: valuesOf(labelKeys.id, among) }),
    ...(labels ?? []).flatMap(({ key, ...operators }, at) =>
      partOfOperators(operators, {
        path: [...path, 'labels', `${at}`],
        alone: (one) => alone({ labels: [{ key, ...one }] }),
        got: valuesOf(key, among),
      }),
    ),
  ];
  return { kind: 'one', path, alone: alone(input), got: resourcesThere(among), parts };
}

/** The value of a label of the primary resource, or the different ones that there are among several resources. */
function valuesOf(label: string, among: Among): Got {
  return (event) => {
    const values = resourcesOf(event, among).flatMap((resource) => labelOf(resource, label) ?? []);
    return among === 'primary' ? values[0] : someOrNothing([...new Set(values)]);
  };
}

function resourcesThere(among: Among): Got {
  return (event) =>
    someOrNothing(resourcesOf(event, among).map(({ id, ...resource }) => ('role' in resource ? { role: resource.role, id } : { id })));
}

function someOrNothing<T>(values: readonly T[]): readonly T[] | null {
  return values.length === 0 ? null : values;
}
