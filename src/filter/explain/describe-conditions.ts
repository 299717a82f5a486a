import { labelKeys } from '../../event/event.ts';
import type { Condition, ResourceTest, Comparison, ValueTest } from '../filter.ts';
import { type Wording, combinedWording, noneOf, oneOf, quoted, joinValues, quotedJson } from './wording.ts';
import type { PayloadPath } from '../../event/payload-path.ts';

/** What a filter asks of an event's own fields. */
export type EventFieldCondition = Extract<Condition, { readonly kind: 'oneOf' | 'startsWith' | 'during' }>;

/** What is said of "the event", by which its name is meant where nothing else is named. */
export function eventWording(condition: EventFieldCondition): Wording {
  switch (condition.kind) {
    case 'oneOf':
      return equalityWording(condition);
    case 'startsWith':
      return prefixWording(condition);
    case 'during': {
      const when = timeRangeText(condition);
      return condition.field === 'occurred'
        ? { holds: `occurred ${when}`, fails: `did not occur ${when}` }
        : { holds: `was received ${when}`, fails: `was not received ${when}` };
    }
    default:
      return condition satisfies never;
  }
}

function equalityWording({ field, values }: Extract<EventFieldCondition, { readonly kind: 'oneOf' }>): Wording {
  const texts = values.map(quoted);
  switch (field) {
    case 'event':
      return { holds: `is ${oneOf(texts)}`, fails: `is ${noneOf(texts)}` };
    case 'id':
      return resourceWording({ kind: 'oneOf', label: labelKeys.id, values });
    case 'follows':
      return verbWording({ holds: 'follows', fails: 'does not follow' }, texts);
    default:
      return field satisfies never;
  }
}

function prefixWording({ field, prefixes }: Extract<EventFieldCondition, { readonly kind: 'startsWith' }>): Wording {
  const texts = prefixes.map(quoted);
  switch (field) {
    case 'event':
      return verbWording({ holds: 'begins with', fails: 'does not begin with' }, texts);
    case 'id':
      return resourceWording({ kind: 'startsWith', label: labelKeys.id, prefixes });
    case 'follows': {
      const qualifier = `event with an id beginning with ${oneOf(texts)}`;
      return { holds: `follows an ${qualifier}`, fails: `follows no ${qualifier}` };
    }
    default:
      return field satisfies never;
  }
}

function verbWording({ holds, fails }: Wording, texts: readonly string[]): Wording {
  const one = texts.length === 1;
  return { holds: `${holds} ${oneOf(texts)}`, fails: one ? `${fails} ${oneOf(texts)}` : `${holds} ${noneOf(texts)}` };
}

function timeRangeText({ since, until }: Extract<EventFieldCondition, { readonly kind: 'during' }>): string {
  if (since === undefined) return until === undefined ? 'at any time' : `before ${until}`;
  return until === undefined ? `at or after ${since}` : `from ${since} until before ${until}`;
}

/**
 * What a test says of a resource. A resource without the label passes the complement of each test, so the complement
 * is said of what the resource has (`has no label "env" like "p*"`), not of the label (`the label is not like`).
 */
export function resourceWording(test: ResourceTest): Wording {
  switch (test.kind) {
    case 'exists':
      return labelWording(test.label, '');
    case 'oneOf': {
      const values = test.values.map(quoted);
      const field = fieldNames[test.label];
      return field === undefined ? labelWording(test.label, ` equal to ${oneOf(values)}`) : fieldWording(field, values);
    }
    case 'startsWith':
      return labelWording(test.label, ` beginning with ${oneOf(test.prefixes.map(quoted))}`);
    case 'like':
      return labelWording(test.label, ` like ${oneOf(test.globs.map(quoted))}`);
    default:
      return combinedWording(test, resourceWording);
  }
}

interface FieldName {
  readonly article: 'a' | 'an';
  readonly name: string;
}

/** The labels that are read from fields. */
const fieldNames: Readonly<Record<string, FieldName | undefined>> = {
  [labelKeys.id]: { article: 'an', name: 'id' },
  [labelKeys.role]: { article: 'a', name: 'role' },
  [labelKeys.name]: { article: 'a', name: 'name' },
};

function labelWording(label: string, qualifier: string): Wording {
  const { article, name } = fieldNames[label] ?? { article: 'a', name: `label ${quoted(label)}` };
  return { holds: `has ${article} ${name}${qualifier}`, fails: `has no ${name}${qualifier}` };
}

function fieldWording({ name }: FieldName, values: readonly string[]): Wording {
  const [value] = values;
  if (value !== undefined && values.length === 1) return { holds: `has the ${name} ${value}`, fails: `does not have the ${name} ${value}` };
  const list = values.length === 0 ? `an empty list of ${name}s` : `the ${name}s ${joinValues(values)}`;
  return { holds: `has one of ${list}`, fails: `has none of ${list}` };
}

/** What a test says of the value at a path. An absent value passes the complement of each test. */
export function valueWording(test: ValueTest): Wording {
  switch (test.kind) {
    case 'exists':
      return { holds: 'exists', fails: 'does not exist' };
    case 'oneOf': {
      const values = test.values.map(quotedJson);
      return { holds: `is ${oneOf(values)}`, fails: `is ${noneOf(values)}` };
    }
    case 'compares': {
      const { number, text } = comparisons[test.operator];
      const comparison = typeof test.to === 'number' ? `${number} ${quotedJson(test.to)}` : `${text} ${quoted(test.to)}`;
      return { holds: `is ${comparison}`, fails: `is not ${comparison}` };
    }
    default:
      return combinedWording(test, valueWording);
  }
}

/** A path as PayloadFilter takes it; keys that could be read as words of the sentence are quoted. */
export function formatPayloadPath(path: PayloadPath): string {
  return path.map((key) => (/^[\p{L}\p{N}_-]+$/u.test(key) ? key : JSON.stringify(key))).join('.');
}

const comparisons: Readonly<Record<Comparison, { readonly number: string; readonly text: string }>> = {
  gt: { number: 'more than', text: 'after' },
  gte: { number: 'at least', text: 'at or after' },
  lt: { number: 'less than', text: 'before' },
  lte: { number: 'at most', text: 'at or before' },
};
