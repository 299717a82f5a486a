import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { DocumentCache, maxCacheCharacters, maxDocumentCharacters } from '../../../src/server/graphql/document-cache.ts';

const document = parse('{ head }');
const text = (n: number, length: number): string => `${n}`.padEnd(length, ' ');

test('the cache keeps the most recently used documents, up to a number of characters', () => {
  const cache = new DocumentCache();
  const fitting = maxCacheCharacters / maxDocumentCharacters;
  for (let n = 0; n < fitting; n += 1) cache.set(text(n, maxDocumentCharacters), document);
  expect(cache.get(text(0, maxDocumentCharacters))).toBe(document); // and is now the most recently used
  cache.set(text(fitting, maxDocumentCharacters), document);
  expect(cache.get(text(0, maxDocumentCharacters))).toBe(document);
  expect(cache.get(text(1, maxDocumentCharacters))).toBeUndefined();
  expect(cache.get(text(2, maxDocumentCharacters))).toBe(document);
});

test('a document that is set again counts once', () => {
  const cache = new DocumentCache();
  for (let n = 0; n < 100; n += 1) cache.set(text(1, maxDocumentCharacters), document);
  expect(cache.calculatedSize).toBe(maxDocumentCharacters);
});

test('a long document is not cached, and displaces no other', () => {
  const cache = new DocumentCache();
  cache.set('{ head }', document);
  cache.set(text(1, maxDocumentCharacters + 1), document);
  expect(cache.get(text(1, maxDocumentCharacters + 1))).toBeUndefined();
  expect(cache.get('{ head }')).toBe(document);
});

test('the empty text is allowed', () => {
  const cache = new DocumentCache();
  cache.set('', document);
  expect(cache.get('')).toBe(document);
});
