import { labelKeys } from '../../../src/event/event.ts';
import {
  everything,
  type Combination,
  type Comparison,
  type Condition,
  type ResourceTest,
  type ValueTest,
} from '../../../src/filter/filter.ts';
import { parseInstant } from '../../../src/event/instant.ts';
import { parsePayloadPattern } from '../../../src/event/payload-path.ts';
import { Words } from './words.ts';

/**
 * Parses a text of describeFilter, so that a test can prove that the text means the filter and is
 * unambiguous.
 */
export function parseDescription(text: string): Condition {
  const words = new Words(text);
  const condition = sentence(words);
  words.end();
  return condition;
}

function sentence(words: Words): Condition {
  if (words.next('every event')) return everything;
  if (words.next('no event')) return { kind: 'any', of: [] };
  if (words.next('either ')) return { kind: 'any', of: words.several(' or ', () => clause(words)) };
  const first = clause(words);
  if (!words.next(', ')) return first;
  const others = words.several(', ', () => {
    words.next('and ');
    return clause(words);
  });
  return { kind: 'all', of: [first, ...others] };
}

function clause(words: Words): Condition {
  if (words.next('(')) return words.closed(() => sentence(words));
  if (words.next('not (')) return not(words.closed(() => sentence(words)));
  if (words.next('some text contains ')) return textSearch(words);
  if (words.next('no text contains ')) return not(textSearch(words));
  if (words.next('the event ')) return predicates<Condition>(words, ofEvent);
  if (words.next('the primary resource ')) return { kind: 'resource', among: 'primary', passes: predicates(words, ofResource) };
  for (const [which, among] of [
    ['related resource', 'related'],
    ['primary or related resource', 'any'],
  ] as const) {
    const some = (passes: ResourceTest): Condition => ({ kind: 'resource', among, passes });
    if (words.next(`there is a ${which}`)) return some({ kind: 'all', of: [] });
    if (words.next(`there is no ${which}`)) return not(some({ kind: 'all', of: [] }));
    if (words.next(`some one ${which} `)) return some(predicates(words, ofResource));
    if (words.next(`no ${which} `)) return not(some(predicates(words, ofResource)));
  }
  if (words.next('some one value in ')) return payload(words);
  if (words.next('no value in ')) return not(payload(words));
  return payload(words);
}

function payload(words: Words): Condition {
  words.expect('the payload at ');
  const path = parsePayloadPattern(words.take(/(?:"(?:[^"\\]|\\.)*"|[^" ])+/));
  words.expect(' ');
  return { kind: 'payload', path, passes: predicates(words, ofValue) };
}

function textSearch(words: Words): Condition {
  const searchTerm = words.json() as string;
  words.expect(' in upper or lower case');
  return { kind: 'contains', searchTerm };
}

function predicates<T>(words: Words, one: (words: Words) => T): T {
  return { kind: 'all', of: words.several(' and ', () => predicate(words, one)) } satisfies Combination<T> as T;
}

function predicate<T>(words: Words, one: (words: Words) => T): T {
  if (words.next('(either ')) return words.closed(() => alternatives(words, one));
  if (words.next('is not one that (either ')) return not(words.closed(() => alternatives(words, one)));
  if (words.next('is not one that (')) return not(words.closed(() => predicates(words, one)));
  return one(words);
}

function alternatives<T>(words: Words, one: (words: Words) => T): T {
  const each = (): T => (words.next('(') ? words.closed(() => predicates(words, one)) : predicate(words, one));
  return { kind: 'any', of: words.several(' or ', each) } satisfies Combination<T> as T;
}

function ofEvent(words: Words): Condition {
  if (words.next('is like ')) return oneOfOrNone<Condition>(words, (globs) => ({ kind: 'like', field: 'event', globs }));
  if (words.next('is not like ')) return not({ kind: 'like', field: 'event', globs: words.texts() });
  if (words.next('is ')) return oneOfOrNone<Condition>(words, (values) => ({ kind: 'oneOf', field: 'event', values }));
  if (words.next('begins with ')) return oneOfOrNone<Condition>(words, (prefixes) => ({ kind: 'startsWith', field: 'event', prefixes }));
  if (words.next('does not begin with ')) return not({ kind: 'startsWith', field: 'event', prefixes: words.texts() });
  if (words.next('follows an event with an id ')) return followedId(words);
  if (words.next('follows no event with an id ')) return not(followedId(words));
  if (words.next('follows ')) return oneOfOrNone<Condition>(words, (values) => ({ kind: 'oneOf', field: 'follows', values }));
  if (words.next('does not follow ')) return not({ kind: 'oneOf', field: 'follows', values: words.texts() });
  if (words.next('occurred ')) return during(words, 'occurred');
  if (words.next('did not occur ')) return not(during(words, 'occurred'));
  if (words.next('was received ')) return during(words, 'received');
  if (words.next('was not received ')) return not(during(words, 'received'));
  return ofEventId(ofResource(words));
}

function followedId(words: Words): Condition {
  if (words.next('beginning with ')) return { kind: 'startsWith', field: 'follows', prefixes: words.texts() };
  words.expect('like ');
  return { kind: 'like', field: 'follows', globs: words.texts() };
}

function ofEventId(test: ResourceTest): Condition {
  if (test.kind === 'not') return not(ofEventId(test.of));
  if (test.kind !== 'oneOf' && test.kind !== 'startsWith' && test.kind !== 'like') throw new Error(`expected an id, got ${test.kind}`);
  const { label, ...rest } = test;
  expectId(label);
  return { ...rest, field: 'id' };
}

function expectId(label: string): void {
  if (label !== labelKeys.id) throw new Error(`expected the id, got ${label}`);
}

function during(words: Words, field: 'occurred' | 'received'): Condition {
  const instant = () => parseInstant(words.take(/\S+Z/))!;
  if (words.next('before ')) return { kind: 'during', field, until: instant() };
  if (words.next('at or after ')) return { kind: 'during', field, since: instant() };
  words.expect('from ');
  const since = instant();
  words.expect(' until before ');
  return { kind: 'during', field, since, until: instant() };
}

function ofResource(words: Words): ResourceTest {
  if (words.next('does not have the ')) return not({ kind: 'oneOf', label: field(words), values: [words.json() as string] });
  words.next('has '); // written once for several
  if (words.next('the ')) return { kind: 'oneOf', label: field(words), values: [words.json() as string] };
  if (words.next('one of ')) return listed(words);
  if (words.next('none of ')) return not(listed(words));
  if (words.next('no ')) return not(having(words));
  words.take(/an? /);
  return having(words);
}

function listed(words: Words): ResourceTest {
  if (words.next('an empty list of ')) return { kind: 'oneOf', label: field(words, 's'), values: [] };
  words.expect('the ');
  return { kind: 'oneOf', label: field(words, 's '), values: words.list() as string[] };
}

function having(words: Words): ResourceTest {
  const label = words.next('label ') ? (words.json() as string) : field(words, '');
  if (words.next(' equal to ')) return { kind: 'oneOf', label, values: words.texts() };
  if (words.next(' beginning with ')) return { kind: 'startsWith', label, prefixes: words.texts() };
  if (words.next(' like ')) return { kind: 'like', label, globs: words.texts() };
  return { kind: 'exists', label };
}

function field(words: Words, end = ' '): string {
  const name = words.take(/id|role|name/);
  words.expect(end);
  return labelKeys[name as 'id' | 'role' | 'name'];
}

function ofValue(words: Words): ValueTest {
  if (words.next('exists')) return { kind: 'exists' };
  if (words.next('does not exist')) return not({ kind: 'exists' });
  words.expect('is ');
  for (const [wording, operator] of Object.entries(comparisons)) {
    if (words.next(`${wording} `)) return { kind: 'compares', operator, to: words.json() as number };
    if (words.next(`not ${wording} `)) return not({ kind: 'compares', operator, to: words.json() as number });
  }
  return oneOfOrNone<ValueTest>(words, (values) => ({ kind: 'oneOf', values }));
}

const comparisons: Readonly<Record<string, Comparison>> = {
  'more than': 'gt',
  'at least': 'gte',
  'less than': 'lt',
  'at most': 'lte',
  after: 'gt',
  'at or after': 'gte',
  before: 'lt',
  'at or before': 'lte',
};

/** The values after "is". Those of a payload need not be texts, which makes no difference here. */
function oneOfOrNone<T>(words: Words, of: (values: string[]) => T): T {
  if (words.next('not ')) return not(of([words.json() as string]));
  if (words.next('none of ')) return not(of(words.list() as string[]));
  return of(words.texts());
}

function not<T>(of: T): T {
  return { kind: 'not', of } satisfies Combination<T> as T;
}
