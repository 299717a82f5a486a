/**
 * Documents that were parsed, by their text: the latest, as long as their texts have `mostCharacters` together. Parsed they
 * take some hundred times as much. Long ones are not kept: what is asked again and again is short.
 */
export class DocumentCache<Document> {
  private readonly documents = new Map<string, Document>();
  private characters = 0;

  get(text: string): Document | undefined {
    return this.documents.get(text);
  }

  set(text: string, document: Document): void {
    if (text.length > maxDocumentCharacters) return;
    if (!this.documents.has(text)) this.characters += text.length;
    this.documents.set(text, document);
    for (const oldest of this.documents.keys()) {
      if (this.characters <= maxCacheCharacters) return;
      this.documents.delete(oldest);
      this.characters -= oldest.length;
    }
  }
}

const maxDocumentCharacters = 20_000;
const maxCacheCharacters = 500_000;
