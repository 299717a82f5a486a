import { createHash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { expect, test } from 'vitest';
import { maxDocumentCharacters } from '../../../src/server/graphql/document-cache.ts';
import { PersistedQueries } from '../../../src/server/graphql/persisted-queries.ts';

const extensionsOf = (text: string) => ({
  persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(text).digest('hex') },
});

/** The document that is found for a hash; null: none. */
function found(store: PersistedQueries, text: string): string | null {
  try {
    return store.documentOf({ extensions: extensionsOf(text) }) ?? null;
  } catch (error) {
    if (error instanceof GraphQLError) return null;
    throw error;
  }
}

test('the store is bounded in documents and in characters, and keeps what was used last', () => {
  for (const length of [10, maxDocumentCharacters]) {
    const store = new PersistedQueries();
    const texts = Array.from({ length: 3000 }, (_, n) => `${n}`.padEnd(length));
    for (const query of texts) {
      store.documentOf({ query, extensions: extensionsOf(query) });
      expect(found(store, texts[0]!)).toBe(texts[0]);
    }
    const kept = texts.filter((text) => found(store, text) !== null);
    expect(kept.length).toBe(length === 10 ? 1000 : 100);
    expect(kept.at(-1)).toBe(texts.at(-1));
  }
});

test('a long document is executed, but not stored', () => {
  const store = new PersistedQueries();
  const query = '#'.padEnd(maxDocumentCharacters + 1);
  expect(store.documentOf({ query, extensions: extensionsOf(query) })).toBe(query);
  expect(found(store, query)).toBeNull();
});

test('a document without a hash is not stored', () => {
  const store = new PersistedQueries();
  expect(store.documentOf({ query: '{ head }' })).toBe('{ head }');
  expect(found(store, '{ head }')).toBeNull();
  expect(store.documentOf({})).toBeUndefined();
});
