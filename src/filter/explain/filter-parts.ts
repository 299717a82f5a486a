import { operatorParts, type FilterPart, type Path } from './clauses.ts';
import type { EventFilterInput } from '../parse/parse-filter.ts';
import { parsePayloadPath, valueAt } from '../../event/payload-path.ts';
import { resourcePart } from './resource-part.ts';

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
