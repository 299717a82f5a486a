import { createHash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { maxDocumentCharacters } from './document-cache.ts';
import { checkDocumentLength } from './limits/document-limits.ts';

/**
 * Automatic persisted queries, as Apollo Client and urql send them: first the SHA-256 hash of a
 * document, and the document itself only if the server does not know the hash.
 *
 * Guarantees: a hash leads only to the document whose hash it is, whichever client has sent it. A
 * document found by its hash is handled as if it had been sent, so every check and limit holds for
 * it.
 * Does not guarantee: that a document is found later. The store is that of this process, and keeps
 * the most recently used ones. A client then sends the document again.
 */
export class PersistedQueries {
  private readonly documents = new LRUCache<string, string>({
    max: maxStoredDocuments,
    maxSize: maxStoredCharacters,
    maxEntrySize: maxDocumentCharacters,
    sizeCalculation: (text) => Math.max(1, text.length), // lru-cache requires a positive size
  });

  /**
   * The document of a request: the one that it contains, or the one whose hash it contains.
   * Undefined: it has neither. Throws a GraphQLError for an unknown or a wrong hash,
   * and for a document that is too long.
   */
  documentOf({ query, extensions }: RequestedDocument): string | undefined {
    const text = query === '' || query === null ? undefined : query; // WebSocket clients have to send a query
    if (text !== undefined) checkDocumentLength(text);
    const requested = extensions?.['persistedQuery'] ?? null;
    if (requested === null) return text;
    const hash = hashIn(requested);
    if (hash === null) throw invalidHash('version 1 and a SHA-256 hash in lower-case hexadecimal digits', 'something else');
    if (text === undefined) return this.documents.get(hash) ?? throwNotFound();
    const actual = createHash('sha256').update(text).digest('hex');
    if (actual !== hash) throw invalidHash(`the hash of the query, ${actual}`, hash);
    this.documents.set(hash, text);
    return text;
  }
}

export interface RequestedDocument {
  readonly query?: string | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Puts the document of a hash into requests over HTTP and SSE. */
export function persistedQueries(store: PersistedQueries): Plugin {
  return {
    onParams({ params, setParams }) {
      if (typeof params !== 'object' || params === null || !isOptional(params.query, 'string') || !isOptional(params.extensions, 'object'))
        return;
      const query = store.documentOf(params);
      if (query !== undefined && query !== params.query) setParams({ ...params, query });
    },
  };
}

function isOptional(value: unknown, type: 'string' | 'object'): boolean {
  return value === undefined || value === null || typeof value === type;
}

function hashIn(requested: unknown): string | null {
  if (typeof requested !== 'object' || requested === null) return null;
  const { version, sha256Hash: hash } = requested as { readonly version?: unknown; readonly sha256Hash?: unknown };
  return version === 1 && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) ? hash : null;
}

/** Clients recognize this message or this code, and then send the document. */
function throwNotFound(): never {
  throw badRequest('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
}

function invalidHash(expected: string, got: string): GraphQLError {
  return badRequest('BAD_USER_INPUT', `extensions.persistedQuery: expected ${expected}, got ${got}; send the query without it`);
}

/** `spec`: Yoga sets the status only for `application/graphql-response+json`. */
function badRequest(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: 400, spec: true } } });
}

const maxStoredDocuments = 1000;
/** At most two bytes each. */
const maxStoredCharacters = 2_000_000;
