import { labelKeys, labelOf } from '../../event/event.ts';
import type { Condition } from '../filter.ts';
import { operatorParts, partOfOperators, type Got, type NamedPart, type Place } from './clauses.ts';
import { resourcesOf } from '../matches.ts';
import type { RelatedFilterInput } from '../parse/parse-resource-filter.ts';

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
