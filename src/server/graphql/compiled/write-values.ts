import { isLeafType, isNonNullType, type GraphQLField, type GraphQLLeafType } from 'graphql';
import { isLargerThan } from '../../../json/json-size.ts';
import { jsonTextOf } from '../../../json/json-text.ts';
import { stringifyJson } from '../../../json/stringify-json.ts';

/** Writes a value: of a field, or the object that has it. Throws `tooLarge`, or anything else if it cannot. */
export type Write = (value: unknown, run: Run) => Text;

export type Text = string | Promise<string>;

/** The state while one result is written. */
export interface Run {
  readonly contextValue: unknown;
  /** Of the arguments of root fields. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Whether to wait for promises; else the first one ends the writing, before anything else is begun. */
  readonly waits: boolean;
  bytesLeft: number;
}

/** A field without a resolver: the member of this name, as text if the object has that. */
export function writeMember({ name, type }: GraphQLField<unknown, unknown>, complete: Write): Write {
  const member: Write = (source, run) => {
    const value = (source as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'function') throw unknown;
    return complete(value, run);
  };
  const leafType = isNonNullType(type) ? type.ofType : type;
  if (!isLeafType(leafType) || leafType.extensions['isJson'] !== true) return member;
  return (source, run) => {
    const text = jsonTextOf(source, name);
    return text === null ? member(source, run) : counted(text, run);
  };
}

export function list(write: Write): Write {
  return (value, run) => {
    if (!Array.isArray(value)) throw unknown;
    const bytesBefore = run.bytesLeft;
    const texts = new Texts('[');
    for (let index = 0; index < value.length; index += 1) {
      // Seen early, because GraphQL has to begin again.
      if (index === sampleLength && (bytesBefore - run.bytesLeft) * (value.length / index) > bytesBefore) throw tooLarge;
      texts.add(index === 0 ? '' : ',', write(value[index], run));
    }
    run.bytesLeft -= value.length;
    return texts.end(']');
  };
}

/** The elements of a list after which its length is estimated. */
const sampleLength = 16;

/** Texts in a row, of which some may be promised. */
export class Texts {
  /** Those up to the last one that is promised. */
  private waiting: Text[] | null = null;

  constructor(private text: string) {}

  add(separator: string, text: Text): void {
    this.text += separator;
    if (typeof text === 'string') this.text += text;
    else {
      (this.waiting ??= []).push(this.text, text);
      this.text = '';
    }
  }

  end(closing: string): Text {
    const text = this.text + closing;
    if (this.waiting === null) return text;
    const all = Promise.all(this.waiting.map((each) => Promise.resolve(each))).then((texts) => texts.join('') + text);
    all.catch(ignore);
    return all;
  }
}

export function leaf(type: GraphQLLeafType): Write {
  return (value, run) => {
    // GraphQL takes an error for one that was thrown.
    if (value === null || value === undefined || isPromise(value) || value instanceof Error) throw unknown;
    const serialized: unknown = type.serialize(value);
    if (serialized === null || serialized === undefined) throw unknown;
    if (typeof serialized === 'string') {
      if (serialized.length > run.bytesLeft) throw tooLarge;
      return counted(JSON.stringify(serialized), run);
    }
    if (isLargerThan(serialized, run.bytesLeft)) throw tooLarge;
    const text = stringifyJson(serialized) as string | undefined;
    if (text === undefined) throw unknown;
    return counted(text, run);
  };
}

export function presentObject(write: Write): Write {
  return (value, run) => {
    if (typeof value !== 'object' || value === null || value instanceof Error || isPromise(value)) throw unknown;
    return write(value, run);
  };
}

function counted(text: string, run: Run): string {
  run.bytesLeft -= text.length;
  if (run.bytesLeft < 0) throw tooLarge;
  return text;
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function';
}

export const ignore = (): void => undefined;
export const unknown = new Error('not compiled');
export const tooLarge = new Error('too large');
