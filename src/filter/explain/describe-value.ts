import type { Comparison, ValueTest } from '../filter.ts';
import type { PayloadPath } from '../../event/payload-path.ts';
import { combinedPredicates, type Predicates } from './wording.ts';
import { noneOf, oneOf, quoted, quotedJson } from './quoted.ts';

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
