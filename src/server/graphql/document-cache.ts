import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';

/**
 * Caches parsed documents by their text: the most recently used, up to `maxCacheCharacters` of
 * text. A parsed document takes about a hundred times its text. Longer ones are not cached, because
 * documents that repeat are short.
 */
export class DocumentCache extends LRUCache<string, DocumentNode> {
  private readonly validated = new WeakSet<DocumentNode>();

  constructor() {
    super({
      maxSize: maxCacheCharacters,
      maxEntrySize: maxDocumentCharacters,
      sizeCalculation: (_document, text) => Math.max(1, text.length), // lru-cache requires a positive size
    });
  }

  /** The document of a text that was parsed and found valid before. */
  valid(text: string): DocumentNode | undefined {
    const document = this.get(text);
    return document !== undefined && this.validated.has(document) ? document : undefined;
  }

  /** Notes the documents that pass validation. Must come after the plugins that reject. */
  plugin(): Plugin {
    return {
      onValidate:
        ({ params: { documentAST } }) =>
        ({ valid }) => {
          if (valid) this.validated.add(documentAST as DocumentNode);
        },
    };
  }
}

export const maxDocumentCharacters = 20_000;
export const maxCacheCharacters = 500_000;
