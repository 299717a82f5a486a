import { labelKeys } from '../../event/event.ts';
import type { Condition, ResourceTest, Comparison, ValueTest } from '../filter.ts';
import { type Predicates, combinedPredicates, noneOf, oneOf, quoted, listed, quotedJson } from './wording.ts';
import type { PayloadPath } from '../../event/payload-path.ts';

/** What a filter asks of an event's own fields. */
export type OwnField = Extract<Condition, { readonly kind: 'oneOf' | 'startsWith' | 'during' }>;

/** What is said of "the event", by which its name is meant where nothing else is named. */
export function ownPredicates(condition: OwnField): Predicates {
  switch (condition.kind) {
    case 'oneOf':
      return being(condition);
    case 'startsWith':
      return beginning(condition);
    case 'during': {
      const when = during(condition);
      return condition.field === 'occurred'
        ? { holds: `occurred ${when}`, fails: `did not occur ${when}` }
        : { holds: `was received ${when}`, fails: `was not received ${when}` };
    }
    default:
      return condition satisfies never;
  }
}

function being({ field, values }: Extract<OwnField, { readonly kind: 'oneOf' }>): Predicates {
  const texts = values.map(quoted);
  switch (field) {
    case 'event':
      return { holds: `is ${oneOf(texts)}`, fails: `is ${noneOf(texts)}` };
    case 'id':
      return resourcePredicates({ kind: 'oneOf', label: labelKeys.id, values });
    case 'follows':
      return verb({ holds: 'follows', fails: 'does not follow' }, texts);
    default:
      return field satisfies never;
  }
}

function beginning({ field, prefixes }: Extract<OwnField, { readonly kind: 'startsWith' }>): Predicates {
  const texts = prefixes.map(quoted);
  switch (field) {
    case 'event':
      return verb({ holds: 'begins with', fails: 'does not begin with' }, texts);
    case 'id':
      return resourcePredicates({ kind: 'startsWith', label: labelKeys.id, prefixes });
    case 'follows': {
      const which = `event with an id beginning with ${oneOf(texts)}`;
      return { holds: `follows an ${which}`, fails: `follows no ${which}` };
    }
    default:
      return field satisfies never;
  }
}

function verb({ holds, fails }: Predicates, texts: readonly string[]): Predicates {
  const one = texts.length === 1;
  return { holds: `${holds} ${oneOf(texts)}`, fails: one ? `${fails} ${oneOf(texts)}` : `${holds} ${noneOf(texts)}` };
}

function during({ since, until }: Extract<OwnField, { readonly kind: 'during' }>): string {
  if (since === undefined) return until === undefined ? 'at any time' : `before ${until}`;
  return until === undefined ? `at or after ${since}` : `from ${since} until before ${until}`;
}

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

/** What a test says of the value at a path. An absent value passes the complement of each test. */
export function valuePredicates(test: ValueTest): Predicates {
  switch (test.kind) {
    case 'exists':
      return { holds: 'exists', fails: 'does not exist' };
    case 'oneOf': {
      const values = test.values.map(quotedJson);
      return { holds: `is ${oneOf(values)}`, fails: `is ${noneOf(values)}` };
    }
    case 'compares': {
      const { number, text } = comparisons[test.operator];
      const than = typeof test.to === 'number' ? `${number} ${quotedJson(test.to)}` : `${text} ${quoted(test.to)}`;
      return { holds: `is ${than}`, fails: `is not ${than}` };
    }
    default:
      return combinedPredicates(test, valuePredicates);
  }
}

/** A path as PayloadFilter takes it; keys that could be read as words of the sentence are quoted. */
export function writtenPath(path: PayloadPath): string {
  return path.map((key) => (/^[\p{L}\p{N}_-]+$/u.test(key) ? key : JSON.stringify(key))).join('.');
}

const comparisons: Readonly<Record<Comparison, { readonly number: string; readonly text: string }>> = {
  gt: { number: 'more than', text: 'after' },
  gte: { number: 'at least', text: 'at or after' },
  lt: { number: 'less than', text: 'before' },
  lte: { number: 'at most', text: 'at or before' },
};
