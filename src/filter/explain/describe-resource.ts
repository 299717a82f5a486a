import { labelKeys } from '../../event/event.ts';
import type { ResourceTest } from '../filter.ts';
import { combinedPredicates, type Predicates } from './wording.ts';
import { listed, oneOf, quoted } from './quoted.ts';

/**
 * What a test says of a resource. A resource without the label passes the complement of each test, so the complement
 * is said of what the resource has (`has no label "env" like "p*"`), not of the label (`the label is not like`).
 */
export function resourcePredicates(test: ResourceTest): Predicates {
  switch (test.kind) {
    case 'exists':
      return having(test.label, '');
    case 'oneOf': {
      const values = test.values.map(quoted);
      const field = fields[test.label];
      return field === undefined ? having(test.label, ` equal to ${oneOf(values)}`) : beingOneOf(field, values);
    }
    case 'startsWith':
      return having(test.label, ` beginning with ${oneOf(test.prefixes.map(quoted))}`);
    case 'like':
      return having(test.label, ` like ${oneOf(test.globs.map(quoted))}`);
    default:
      return combinedPredicates(test, resourcePredicates);
  }
}

interface Field {
  readonly article: 'a' | 'an';
  readonly name: string;
}

/** The labels that are read from fields. */
const fields: Readonly<Record<string, Field | undefined>> = {
  [labelKeys.id]: { article: 'an', name: 'id' },
  [labelKeys.role]: { article: 'a', name: 'role' },
  [labelKeys.name]: { article: 'a', name: 'name' },
};

function having(label: string, which: string): Predicates {
  const { article, name } = fields[label] ?? { article: 'a', name: `label ${quoted(label)}` };
  return { holds: `has ${article} ${name}${which}`, fails: `has no ${name}${which}` };
}

function beingOneOf({ name }: Field, values: readonly string[]): Predicates {
  const [value] = values;
  if (value !== undefined && values.length === 1) return { holds: `has the ${name} ${value}`, fails: `does not have the ${name} ${value}` };
  const list = values.length === 0 ? `an empty list of ${name}s` : `the ${name}s ${listed(values)}`;
  return { holds: `has one of ${list}`, fails: `has none of ${list}` };
}
