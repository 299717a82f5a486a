import { isNumber } from '../../json/exact-number.ts';
import { labelKeys } from '../../event/event.ts';
import type { Comparison, Condition, ResourceTest, TextField, ValueTest } from '../filter.ts';
import { combinedWording, joinValues, noneOf, oneOf, quoted, quotedJson, type Wording } from './wording.ts';

/** A condition on a field of the event itself. */
export type EventFieldCondition = Extract<Condition, { readonly kind: 'oneOf' | 'startsWith' | 'like' | 'during' }>;

/** Phrases for the subject "the event". A phrase that names no field is about the event's name. */
export function eventWording(condition: EventFieldCondition): Wording {
  switch (condition.kind) {
    case 'oneOf':
      return equalityWording(condition);
    case 'startsWith':
      return patternWording(condition.field, {
        texts: condition.prefixes.map(quoted),
        verbs: { holds: 'begins with', fails: 'does not begin with' },
        participle: 'beginning with',
      });
    case 'like':
      return patternWording(condition.field, {
        texts: condition.globs.map(quoted),
        verbs: { holds: 'is like', fails: 'is not like' },
        participle: 'like',
      });
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

/** Patterns of a text, quoted, and the words before them. */
interface PatternPhrase {
  readonly texts: readonly string[];
  readonly verbs: Wording;
  readonly participle: string;
}

function patternWording(field: TextField, { texts, verbs, participle }: PatternPhrase): Wording {
  const qualifier = `${participle} ${oneOf(texts)}`;
  switch (field) {
    case 'event':
      return verbWording(verbs, texts);
    case 'id':
      return labelWording(labelKeys.id, ` ${qualifier}`);
    case 'follows':
      return { holds: `follows an event with an id ${qualifier}`, fails: `follows no event with an id ${qualifier}` };
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
 * Phrases for a test of a resource. A resource without the label passes the complement of each
 * test. So the complement is phrased about the resource (`has no label "env" like "p*"`), not about
 * the label (`the label is not like`).
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

/** Labels that read fields. */
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

/** Phrases for a test of a value. An absent value passes the complement of each test. */
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
      const comparison = isNumber(test.to) ? `${number} ${quotedJson(test.to)}` : `${text} ${quoted(test.to)}`;
      return { holds: `is ${comparison}`, fails: `is not ${comparison}` };
    }
    default:
      return combinedWording(test, valueWording);
  }
}

const comparisons: Readonly<Record<Comparison, { readonly number: string; readonly text: string }>> = {
  gt: { number: 'more than', text: 'after' },
  gte: { number: 'at least', text: 'at or after' },
  lt: { number: 'less than', text: 'before' },
  lte: { number: 'at most', text: 'at or before' },
};
