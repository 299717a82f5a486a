import { type StoredEvent, labelKeys, labelOf } from '../../event/event.ts';
import type { EventFilterInput, RelatedFilterInput } from '../parse/filter-input.ts';
import { parsePayloadPath, valueAt } from '../../event/payload-path.ts';
import type { Condition } from '../filter.ts';
import { resourcesOf } from '../matches.ts';

/** A part of a filter as its client wrote it, so that one can say of each part whether an event meets it. */
export type FilterClause =
  /** Holds when each of its parts does. */
  { readonly kind: 'all'; readonly clauses: readonly FilterClause[] } | NamedClause;

/** A part that can be named by its path, and asked for by itself. */
export type NamedClause =
  /** An `or`: holds when some of its parts does. */
  | (ClauseBase & { readonly kind: 'any'; readonly clauses: readonly FilterClause[] })
  /** A `not`: holds when its part does not. */
  | (ClauseBase & { readonly kind: 'not'; readonly clause: FilterClause })
  /** One and the same thing must meet all of its parts, so it may fail while each of them holds. An operator has none. */
  | (ClauseBase & { readonly kind: 'single'; readonly clauses: readonly NamedClause[] });

interface ClauseBase {
  readonly path: Path;
  /** The filter that consists of this part only. */
  readonly asFilter: EventFilterInput;
  readonly readValue: ReadValue;
}

export type Path = readonly string[];

/** What the event has where the part looks; null or undefined: nothing. */
export type ReadValue = (event: StoredEvent) => unknown;

/** Where a part of type T stands, and the filter around any such part. */
export interface ClauseContext<T> {
  readonly path: Path;
  readonly asFilter: (clause: T) => EventFilterInput;
  readonly readValue: ReadValue;
}

/** A part for each operator given. Null is the same as left out, but `eq`, which payload values alone have, compares with it. */
export function operatorClauses<T extends object>(input: T, { path, asFilter, readValue }: ClauseContext<T>): readonly NamedClause[] {
  return Object.entries(input)
    .filter(([operator, value]) => value !== undefined && (value !== null || operator === 'eq'))
    .map(([operator, value]) => {
      return { kind: 'single', path: [...path, operator], asFilter: asFilter({ [operator]: value } as T), readValue, clauses: [] };
    });
}

/** What one and the same resource must meet, operator by operator; no part when there is no operator. */
export function combinedOperatorClause<T extends object>(input: T, context: ClauseContext<T>): readonly NamedClause[] {
  const { path, asFilter, readValue } = context;
  const clauses = operatorClauses(input, context);
  return clauses.length === 0 ? [] : [{ kind: 'single', path, asFilter: asFilter(input), readValue, clauses }];
}

/** The parts of a filter that stands at this path. The filter must be one that parseFilter accepts. */
export function clausesOf(filter: EventFilterInput, path: Path): FilterClause {
  const fields = Object.keys(clausesByField) as readonly (keyof EventFilterInput)[];
  return { kind: 'all', clauses: fields.flatMap((field) => fieldClauses(field, filter[field], [...path, field])) };
}

function fieldClauses<F extends keyof FieldInputs>(
  field: F,
  value: FieldInputs[F] | null | undefined,
  path: Path,
): readonly FilterClause[] {
  return value === undefined || value === null ? [] : clausesByField[field](value, path);
}

type FieldInputs = { readonly [F in keyof EventFilterInput]-?: NonNullable<EventFilterInput[F]> };

/** How each field comes apart; a field that is missing here does not compile. */
const clausesByField: { readonly [F in keyof FieldInputs]: (value: FieldInputs[F], path: Path) => readonly FilterClause[] } = {
  id: (id, path) => [{ kind: 'single', path, asFilter: { id }, readValue: (event) => event.id, clauses: [] }],
  occurred: (range, path) => operatorClauses(range, { path, asFilter: (occurred) => ({ occurred }), readValue: (event) => event.occurred }),
  received: (range, path) => operatorClauses(range, { path, asFilter: (received) => ({ received }), readValue: (event) => event.received }),
  event: (names, path) => operatorClauses(names, { path, asFilter: (event) => ({ event }), readValue: (event) => event.event }),
  resource: (input, path) => [resourceClause(input, { path, among: 'primary', asFilter: (resource) => ({ resource }) })],
  related: (inputs, path) =>
    inputs.map((input, index) =>
      resourceClause(input, { path: [...path, `${index}`], among: 'related', asFilter: (one) => ({ related: [one] }) }),
    ),
  anyResource: (inputs, path) =>
    inputs.map((input, index) =>
      resourceClause(input, { path: [...path, `${index}`], among: 'any', asFilter: (one) => ({ anyResource: [one] }) }),
    ),
  text: (text, path) => [{ kind: 'single', path, asFilter: { text }, readValue: () => null, clauses: [] }],
  payload: (inputs, path) =>
    inputs.flatMap(({ path: payloadPath, ...input }, index) =>
      operatorClauses(input, {
        path: [...path, `${index}`],
        asFilter: (one) => ({ payload: [{ path: payloadPath, ...one }] }),
        readValue: (event) => valueAt(event.payload, parsePayloadPath(payloadPath)),
      }),
    ),
  follows: (follows, path) => [{ kind: 'single', path, asFilter: { follows }, readValue: (event) => event.follows, clauses: [] }],
  and: (filters, path) => filters.map((filter, index) => clausesOf(filter, [...path, `${index}`])),
  or: (or, path) => [
    {
      kind: 'any',
      path,
      asFilter: { or },
      readValue: () => null,
      clauses: or.map((filter, index) => clausesOf(filter, [...path, `${index}`])),
    },
  ],
  not: (not, path) => [{ kind: 'not', path, asFilter: { not }, readValue: () => null, clause: clausesOf(not, path) }],
};

type Among = Extract<Condition, { readonly kind: 'resource' }>['among'];

interface ResourceClauseContext extends Omit<ClauseContext<RelatedFilterInput>, 'readValue'> {
  readonly among: Among;
}

/** What some one resource must be. Its role, its id and each label are parts, which come apart into operators. */
export function resourceClause(input: RelatedFilterInput, { path, asFilter, among }: ResourceClauseContext): NamedClause {
  const { role, id, labels } = input;
  const clauses = [
    ...operatorClauses({ role }, { path, asFilter, readValue: labelValues(labelKeys.role, among) }),
    ...combinedOperatorClause(id ?? {}, {
      path: [...path, 'id'],
      asFilter: (one) => asFilter({ id: one }),
      readValue: labelValues(labelKeys.id, among),
    }),
    ...(labels ?? []).flatMap(({ key, ...operators }, index) =>
      combinedOperatorClause(operators, {
        path: [...path, 'labels', `${index}`],
        asFilter: (one) => asFilter({ labels: [{ key, ...one }] }),
        readValue: labelValues(key, among),
      }),
    ),
  ];
  return { kind: 'single', path, asFilter: asFilter(input), readValue: resourceValues(among), clauses };
}

/** The value of a label of the primary resource, or the different ones that there are among several resources. */
function labelValues(label: string, among: Among): ReadValue {
  return (event) => {
    const values = resourcesOf(event, among).flatMap((resource) => labelOf(resource, label) ?? []);
    return among === 'primary' ? values[0] : nullIfEmpty([...new Set(values)]);
  };
}

function resourceValues(among: Among): ReadValue {
  return (event) =>
    nullIfEmpty(resourcesOf(event, among).map(({ id, ...resource }) => ('role' in resource ? { role: resource.role, id } : { id })));
}

function nullIfEmpty<T>(values: readonly T[]): readonly T[] | null {
  return values.length === 0 ? null : values;
}
