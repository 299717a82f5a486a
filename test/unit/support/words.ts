import { parseJson } from '../../../src/json/parse-json.ts';
/** A sentence that is read from its beginning, word by word. */
export class Words {
  constructor(private rest: string) {}

  /** Takes these words when they come next. */
  next(words: string): boolean {
    if (!this.rest.startsWith(words)) return false;
    this.rest = this.rest.slice(words.length);
    return true;
  }

  expect(words: string): void {
    if (!this.next(words)) throw this.unexpected(words);
  }

  take(pattern: RegExp): string {
    const found = pattern.exec(this.rest);
    if (found?.index !== 0) throw this.unexpected(String(pattern));
    this.rest = this.rest.slice(found[0].length);
    return found[0];
  }

  end(): void {
    if (this.rest !== '') throw this.unexpected('the end');
  }

  several<T>(between: string, one: () => T): T[] {
    const all = [one()];
    while (this.next(between)) all.push(one());
    return all;
  }

  closed<T>(inside: () => T): T {
    const value = inside();
    this.expect(')');
    return value;
  }

  /** `"a"`, or `one of "a", "b" and "c"`. */
  oneOf(): unknown[] {
    return this.next('one of ') ? this.list() : [this.json()];
  }

  /** `an empty list`, or `"a", "b" and "c"`. */
  list(): unknown[] {
    if (this.next('an empty list')) return [];
    const values = this.several(', ', () => this.json());
    this.expect(' and ');
    return [...values, this.json()];
  }

  texts(): string[] {
    return this.oneOf() as string[];
  }

  json(): unknown {
    let depth = 0;
    let text = '';
    do {
      const part = this.take(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[\w.+-]+/);
      if ('[{'.includes(part)) depth += 1;
      if (']}'.includes(part)) depth -= 1;
      text += part;
    } while (depth > 0);
    return parseJson(text);
  }

  unexpected(expected: string): Error {
    return new Error(`expected ${expected}, got: ${this.rest}`);
  }
}
