import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/**
 * Caches parsed documents by their text: the most recently used, up to `maxCacheCharacters` of
 * text. A parsed document takes about a hundred times its text. Longer ones are not cached, because
 * documents that repeat are short.
 */
export function createDocumentCache(): LRUCache<string, DocumentNode> {
  return new LRUCache({
    maxSize: maxCacheCharacters,
    maxEntrySize: maxDocumentCharacters,
    sizeCalculation: (_document, text) => Math.max(1, text.length), // lru-cache requires a positive size
  });
}

export const maxDocumentCharacters = 20_000;
export const maxCacheCharacters = 500_000;
