import { randomUUID } from 'node:crypto';
import { noteConversion } from './exact-number.ts';

/**
 * A value that is kept as JSON text, and is written as that text by `stringifyJson` and what is in steps.
 * `JSON.stringify` writes a placeholder.
 */
export class JsonText {
  // Private, so that code that visits the keys of objects finds none.
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  toJSON(): string {
    noteConversion();
    met.push(this.#text);
    return placeholder;
  }
}

/** The texts that `JSON.stringify` meets from now on, until this is called again. */
export function collectTexts(): readonly string[] {
  return (met = []);
}

/** Replaces the placeholders of a text, in their order. */
export function withTexts(json: string, texts: readonly string[]): string {
  const [first = '', ...others] = json.split(`"${placeholder}"`);
  return others.reduce((joined, part, index) => joined + (texts[index] ?? '') + part, first);
}

let met: string[] = [];
/** A string that no client can know. */
const placeholder = randomUUID();

/** An object with members that are kept as JSON text, so that what only passes them on need not parse them. */
export abstract class JsonTextMembers {
  /** The JSON of a member; null: it is not kept as JSON that can be passed on. */
  abstract jsonTextOf(member: string): string | null;

  /** The length of all JSON that is kept, in UTF-16 code units. */
  abstract get jsonLength(): number;
}

/** The JSON text of an object's member, if it has that, else null. */
export function jsonTextOf(object: unknown, member: string): string | null {
  return object instanceof JsonTextMembers ? object.jsonTextOf(member) : null;
}
