import { labelKeys, labelOf, type StoredEvent } from '../../event/event.ts';
import { isExactPath, parsePayloadPattern, valueAt, valuesAt } from '../../event/payload-path.ts';
import type { Condition } from '../filter.ts';
import { resourcesOf } from '../matches.ts';
import type { EventFilterInput, PayloadFilterInput, RelatedFilterInput } from '../parse/filter-input.ts';

/** A part of a filter as the client wrote it, so that each part can be reported with its path. */
export type FilterClause =
  /** Holds if every part does. */
  { readonly kind: 'all'; readonly clauses: readonly FilterClause[] } | NamedClause;

/** A part that has a path and can be evaluated by itself. */
export type NamedClause =
  /** An `or`: holds if some part does. */
  | (ClauseBase & { readonly kind: 'any'; readonly clauses: readonly FilterClause[] })
  /** A `not`: holds if its part does not. */
  | (ClauseBase & { readonly kind: 'not'; readonly clause: FilterClause })
  /** A field or an operator without parts. */
  | (ClauseBase & { readonly kind: 'operator' })
  /** One resource or value must meet every part, so this may fail although each part holds. */
  | (ClauseBase & { readonly kind: 'single'; readonly subject: SingleSubject; readonly clauses: readonly NamedClause[] });

export type SingleSubject = 'resource' | 'value';

interface ClauseBase {
  readonly path: Path;
  /** The filter that consists of this part only. */
  readonly asFilter: EventFilterInput;
  readonly readValue: ReadValue;
}

export type Path = readonly string[];

/** Reads the values of the event that the clause tests; null or undefined if there are none. */
export type ReadValue = (event: StoredEvent) => unknown;

/** The path of a clause of type T, and the filter around any such clause. */
interface ClauseContext<T> {
  readonly path: Path;
  readonly asFilter: (clause: T) => EventFilterInput;
  readonly readValue: ReadValue;
}

/** The clauses of a filter at this path. Assumes that parseFilter accepts the filter. */
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

/** The clauses of each field. The type requires every field. */
const clausesByField: { readonly [F in keyof FieldInputs]: (value: FieldInputs[F], path: Path) => readonly FilterClause[] } = {
  id: (id, path) => [{ kind: 'operator', path, asFilter: { id }, readValue: (event) => event.id }],
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
  text: (text, path) => [{ kind: 'operator', path, asFilter: { text }, readValue: () => null }],
  payload: (inputs, path) => inputs.flatMap((input, index) => payloadClauses(input, [...path, `${index}`])),
  follows: (follows, path) => [{ kind: 'operator', path, asFilter: { follows }, readValue: (event) => event.follows }],
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

/**
 * A clause for each operator that is given. Null means left out, except in `eq`, which only payload
 * filters have.
 */
function operatorClauses<T extends object>(input: T, { path, asFilter, readValue }: ClauseContext<T>): readonly NamedClause[] {
  return Object.entries(input)
    .filter(([operator, value]) => value !== undefined && (value !== null || operator === 'eq'))
    .map(([operator, value]) => {
      return { kind: 'operator', path: [...path, operator], asFilter: asFilter({ [operator]: value } as T), readValue };
    });
}

/**
 * One clause with all operators, which one resource or value must meet; none if there is no
 * operator.
 */
function singleClauses<T extends object>(subject: SingleSubject, input: T, context: ClauseContext<T>): readonly NamedClause[] {
  const { path, asFilter, readValue } = context;
  const clauses = operatorClauses(input, context);
  return clauses.length === 0 ? [] : [{ kind: 'single', subject, path, asFilter: asFilter(input), readValue, clauses }];
}

function payloadClauses({ path: payloadPath, ...operators }: PayloadFilterInput, path: Path): readonly NamedClause[] {
  const pattern = parsePayloadPattern(payloadPath);
  const asFilter = (one: object): EventFilterInput => ({ payload: [{ path: payloadPath, ...one }] });
  return isExactPath(pattern)
    ? operatorClauses(operators, { path, asFilter, readValue: ({ payload }) => valueAt(payload, pattern) })
    : singleClauses('value', operators, { path, asFilter, readValue: ({ payload }) => nullIfEmpty(valuesAt(payload, pattern)) });
}

type Among = Extract<Condition, { readonly kind: 'resource' }>['among'];

interface ResourceClauseContext extends Omit<ClauseContext<RelatedFilterInput>, 'readValue'> {
  readonly among: Among;
}

/**
 * The clause that one resource must meet. Its parts are the role, the operators of the id, and each
 * label filter.
 */
function resourceClause(input: RelatedFilterInput, { path, asFilter, among }: ResourceClauseContext): NamedClause {
  const { role, id, labels } = input;
  const clauses = [
    ...operatorClauses({ role }, { path, asFilter, readValue: labelValues(labelKeys.role, among) }),
    ...singleClauses('resource', id ?? {}, {
      path: [...path, 'id'],
      asFilter: (one) => asFilter({ id: one }),
      readValue: labelValues(labelKeys.id, among),
    }),
    ...(labels ?? []).flatMap(({ key, ...operators }, index) =>
      singleClauses('resource', operators, {
        path: [...path, 'labels', `${index}`],
        asFilter: (one) => asFilter({ labels: [{ key, ...one }] }),
        readValue: labelValues(key, among),
      }),
    ),
  ];
  return { kind: 'single', subject: 'resource', path, asFilter: asFilter(input), readValue: resourceValues(among), clauses };
}

/**
 * Reads the label of the primary resource, or the distinct values of the label among several
 * resources.
 */
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
