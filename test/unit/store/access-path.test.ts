import { expect, test } from 'vitest';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { readSettings } from '../../../src/settings.ts';
import { primaryResourceOf } from '../../../src/store/queries/access-path.ts';

const a = { id: { in: ['a'] } };

test.each<[string, object, string | null]>([
  ['one id', { resource: a }, 'a'],
  ['one id and another condition', { resource: { ...a, labels: [{ key: 'k', in: ['v'] }] }, event: { in: ['e'] } }, 'a'],
  ['one id within a conjunction', { and: [{ event: { in: ['e'] } }, { and: [{ resource: a }] }] }, 'a'],
  ['several ids', { resource: { id: { in: ['a', 'b'] } } }, null],
  ['one id that also has a prefix', { resource: { id: { in: ['a'], startsWith: ['b'] } } }, 'a'],
  ['one id or another condition', { or: [{ resource: a }, { event: { in: ['e'] } }] }, null],
  ['all but one id', { not: { resource: a } }, null],
  ['a related id', { related: [a] }, null],
  ['any resource with the id', { anyResource: [a] }, null],
  ['a label', { resource: { labels: [{ key: 'k', in: ['a'] }] } }, null],
])('the primary resource that matches can have: %s', (_name, input, expected) => {
  expect(primaryResourceOf(parseFilter(input, ['filter'], readSettings({})))).toBe(expected);
});
