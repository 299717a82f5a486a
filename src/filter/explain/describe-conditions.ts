import { resourcePredicates } from './describe-resource.ts';
import { labelKeys } from '../../event/event.ts';
import type { Condition } from '../filter.ts';
import type { Predicates } from './wording.ts';
import { noneOf, oneOf, quoted } from './quoted.ts';

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
