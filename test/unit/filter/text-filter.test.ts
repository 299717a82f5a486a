import { describe, expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import type { Position } from '../../../src/event/cursor.ts';
import type { StoredEvent } from '../../../src/event/event.ts';
import type { Condition } from '../../../src/filter/filter.ts';
import type { Instant } from '../../../src/event/instant.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { rejection } from '../support/rejection.ts';

const parsed = (text: string, bounds: object = {}): Condition => parseFilter({ text }, ['filter'], { ...readSettings({}), ...bounds });

describe('a search text is parsed to terms', () => {
  test.each<[string, string, string]>([
    ['any of the bare terms suffices', 'foo bar', 'foo | bar'],
    ['one term is a condition by itself', 'foo', 'foo'],
    ['any white space separates terms, and is allowed at the ends', ' \t a\n\u00A0b\u3000c ', 'a | b | c'],
    ['quotes keep a phrase', '"foo  Bar" baz', 'foo  Bar | baz'],
    ['- and ! exclude', 'foo -bar !baz', 'foo & not (bar | baz)'],
    ['excluding terms alone: everything else', '-foo', 'not (foo)'],
    ['+ requires every one', '+a +b c d', 'a & b & c | d'],
    ['operators stand before phrases too', '+"a b" -"c d" !"e f"', 'a b & not (c d | e f)'],
    ['only the first character is an operator', '--a +-b !"+c" "-d"', '-b & -d & not (-a | +c)'],
    ['an operator alone is a term', '- a', '- | a'],
    ['also before another operator', '+ -', '+ | -'],
    ['inside a term no character is special', 'a-b c+ d"e f" {"g":1}', 'a-b | c+ | d"e | f" | {"g":1}'],
    ['a phrase ends its term', '"a"b"c"-d', 'a | b"c"-d'],
    ['an empty phrase is ignored, also after an operator', '"" -"" +"" a', 'a'],
    ['an unclosed quote runs to the end', 'a -"b c ', 'a & not (b c )'],
    ['an unclosed quote at the end is ignored', 'a "', 'a'],
    ['a phrase may be white space', '" "', ' '],
    ['a backslash escapes a quote, in a phrase and outside', String.raw`\" "say \"a b\"" c\"`, String.raw`" | say "a b" | c"`],
    ['a backslash escapes a backslash, so that a phrase can end in one', String.raw`"a b\\" \\\" "c"`, String.raw`a b\ | \" | c`],
    ['any other backslash is a character', String.raw`\ C:\dir "\a" -\ ` + 'x', String.raw`\ | C:\dir | \a | x & not (\)`],
  ])('%s', (_name, text, meaning) => {
    expect(textOf(parsed(text))).toBe(meaning);
  });
});

describe('BAD_FILTER at a text', () => {
  const expectRejected = (text: string, message: string): void => {
    const where = { code: 'BAD_FILTER', path: ['filter', 'or', '1', 'text'] };
    const read = (): unknown => parseFilter({ or: [{}, { text }] }, ['filter'], readSettings({}));
    expect(rejection(read)).toEqual({ ...where, message: `filter.or.1.text: ${message}` });
  };

  test('more than 200 characters, also of white space or quotes', () => {
    expect(rejection(() => parsed('💌'.repeat(200)))).toHaveProperty('returned');
    for (const text of ['a'.repeat(201), '💌'.repeat(201), ' '.repeat(201)])
      expectRejected(text, 'expected at most 200 characters, got more');
  });

  test.each(['', '  ', '"', '""  "', '-"" +""'])('no term: %j', (text) => {
    expectRejected(text, String.raw`expected at least one term, got none; write \" to search for a quote`);
  });

  test('characters that no event can have', () => {
    expectRejected('a\0', 'the string has the character U+0000, which cannot be stored');
    expectRejected('-"\ud83d"', 'the string has a lone surrogate, which is not Unicode text');
  });
});

test('text is a node of the filter, and each of its terms is one', () => {
  expect(rejection(() => parsed('a +b -"c d" ""', { filterNodes: 4 }))).toHaveProperty('returned');
  expect(rejection(() => parsed('a +b -"c d" ""', { filterNodes: 3 }))).toEqual({
    code: 'BAD_FILTER',
    path: ['filter'],
    message: 'filter: expected a filter of at most 3 nodes, got more',
  });
});

describe('the searched parts of an event', () => {
  const event: StoredEvent = {
    id: 'hidden-id',
    event: 'acme.Order.shipped',
    occurred: '2026-11-23T14:41:10.863461Z' as Instant,
    received: '2026-11-23T14:41:11.000000Z' as Instant,
    resource: { id: 'acme.order.7', labels: { hiddenKey: 'Zürich', 'prefect.resource.name': 'Straße' } },
    related: [{ id: 'acme.user.KIKI', role: 'hidden-role', labels: { hiddenKey: 'Ops' } }],
    payload: { hiddenKey: ['one', { hiddenKey: 'two words' }], count: 12345, fine: true, nothing: null },
    follows: 'hidden-follows',
    position: 1 as Position,
  };

  test.each(['order.SHIP', 'ORDER.7', 'ZÜRICH', 'STRAẞE', 'kiki', '\u212Ai\u212Ai', 'ops', 'ONE', '"TWO WORDS"', 'hidden one'])(
    '%s: found',
    (text) => {
      expect(matches(parsed(text), event)).toBe(true);
    },
  );

  test.each(['hidden', '2026', '12345', 'true', 'null', 'onetwo', '"shipped acme"', 'strasse', '"two  words"'])('%s: not found', (text) => {
    expect(matches(parsed(text), event)).toBe(false);
  });

  test.each([
    ['e\u0301', 'caf\u00E9'],
    ['\u00E9', 'CAFE\u0301'],
    ['s\u0307\u0323', '\u1E69'],
    ['\u1E69', 'S\u0323\u0307'],
    ['\u1112\u1161\u11AB', '\uD55C'],
    ['\u00E5', '\u212B'],
    [String.raw`\"a\"`, 'say "A"'],
  ])('%s: found in %s, and as excluded', (text, value) => {
    const found = { ...event, payload: { value } };
    expect(matches(parsed(text), found)).toBe(true);
    expect(matches(parsed(`-${text}`), found)).toBe(false);
  });

  test('a letter is not found in a composed one, whichever way it is written', () => {
    for (const value of ['caf\u00E9', 'cafe\u0301']) expect(matches(parsed('cafe'), { ...event, payload: { value } })).toBe(false);
  });

  test('a long event, searched for many terms at once, contains the same terms', () => {
    const long = { ...event, payload: { ...event.payload, long: ['x'.repeat(20_000), 'Å'] } };
    const every = ['SHIP', 'order.7', 'ZÜRICH', 'STRAẞE', 'kiki', '\u212Ai', 'ops', 'å', 'hidden', '2026', 'onetwo', 'strasse', 'xÅ'];
    const matchingTerms = (text: string): string[] => every.filter((term) => matches(parsed(text.replace('$', term)), long));
    expect(matchingTerms('+$ -a1 -a2 -a3 -a4 -a5 -a6 -a7 -a8')).toEqual(matchingTerms('+$'));
    expect(matchingTerms('-$ -a1 -a2 -a3 -a4 -a5 -a6 -a7 -a8')).toEqual(matchingTerms('-$'));
    expect(matchingTerms('+$')).toEqual(every.slice(0, 8));
  });
});

/** The condition of a text in a short form. */
function textOf(condition: Condition): string {
  switch (condition.kind) {
    case 'contains':
      return condition.searchTerm;
    case 'all':
      return condition.of.map(textOf).join(' & ');
    case 'any':
      return condition.of.map(textOf).join(' | ');
    case 'not':
      return `not (${textOf(condition.of)})`;
    default:
      throw new Error(`unexpected in a text: ${condition.kind}`);
  }
}
