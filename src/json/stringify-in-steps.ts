import { isJsonScalar } from './exact-number.ts';
import { isLargerInSteps } from './json-size.ts';
import { keysOf, maxKeysInStep } from './keys-of.ts';
import { stringifyJson } from './stringify-json.ts';

/**
 * The text of `stringifyJson` for a large value in UTF-8, with a step for each piece, so that a
 * caller can do other work in between.
 */
export function* stringifyJsonInSteps(value: unknown): Generator<undefined, Buffer> {
  const pieces: Buffer[] = [];
  for (const piece of largePieces(value, {})) {
    pieces.push(Buffer.from(piece));
    yield;
  }
  return Buffer.concat(pieces);
}

/** The text of any value. */
export function* jsonTextInSteps(value: unknown): Generator<undefined, string> {
  let text = '';
  for (const piece of jsonPieces(value)) {
    text += piece;
    yield;
  }
  return text;
}

/** The bytes of that text. */
export function* jsonBytesInSteps(value: unknown): Generator<undefined, number> {
  let bytes = 0;
  for (const piece of jsonPieces(value)) {
    bytes += Buffer.byteLength(piece);
    yield;
  }
  return bytes;
}

/**
 * The text of `stringifyJson` in pieces of about `pieceLength` characters. `stringify` makes that of a
 * small value.
 *
 * Assumes: nothing changes the value meanwhile.
 * Guarantees: the same text as `stringifyJson` for a value that has one, and does not recurse.
 * Does not guarantee short pieces for a long string. Listing the keys of an object with very many
 * members takes longer than a piece, and ends one.
 *
 * Why value by value, which takes several times as long as `JSON.stringify`? Without visiting its
 * values it is unknown whether one is small enough for that.
 */
export function* jsonPieces(
  value: unknown,
  { stringify = stringifyJson, ...options }: PieceOptions & { readonly stringify?: (value: unknown) => string } = {},
): Generator<string, void> {
  const isLarge = yield* emptyPieces(isLargerInSteps(value, options.pieceLength ?? defaultPieceLength));
  yield isLarge ? '' : stringify(value); // finding out that it is large takes as long as a piece
  if (isLarge) yield* largePieces(value, options);
}

function* largePieces(value: unknown, { pieceLength = defaultPieceLength, orderKeys }: PieceOptions): Generator<string, void> {
  const open: OpenContainer[] = [];
  // Joined, since a text of very many parts is put together where it is read first, in one step.
  let parts: string[] = [];
  let length = 0;
  const add = (part: string): void => {
    parts.push(part);
    length += part.length;
  };
  const write = (each: unknown, key: string): void => {
    const member = !isJsonScalar(each) && hasToJson(each) ? each.toJSON(key) : each;
    if (isJsonScalar(member)) add(stringifyJson(member) ?? 'null');
    else if (Array.isArray(member)) {
      add('[');
      open.push({ values: member, keys: null, length: member.length, next: 0, isEmpty: true });
    } else {
      add('{');
      open.push({ values: member as Members, keys: null, length: null, next: 0, isEmpty: true });
    }
  };
  write(value, '');
  for (let container = open.at(-1); container !== undefined; container = open.at(-1)) {
    if (container.length === null) {
      const listed = keysOf(container.values);
      if (listed.length > maxKeysInStep) yield '';
      container.keys = orderKeys === undefined ? listed : yield* emptyPieces(orderKeys(listed));
      container.length = listed.length;
    }
    const { values, keys, next } = container;
    if (next === container.length) {
      add(keys === null ? ']' : '}');
      open.pop();
    } else {
      container.next += 1;
      const key = keys?.[next];
      const member = key === undefined ? (values as readonly unknown[])[next] : (values as Members)[key];
      if (key === undefined || isWritten(member)) {
        if (!container.isEmpty) add(',');
        container.isEmpty = false;
        if (key !== undefined) add(`${JSON.stringify(key)}:`);
        write(member, key ?? String(next));
      }
    }
    if (length < pieceLength) continue;
    yield parts.join('');
    parts = [];
    length = 0;
  }
  yield parts.join('');
}

function* emptyPieces<R>(steps: Generator<undefined, R>): Generator<string, R> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    yield '';
  }
}

export interface PieceOptions {
  readonly pieceLength?: number;
  /** Puts the keys of an object in the order of the text. */
  readonly orderKeys?: (keys: readonly string[]) => Generator<undefined, readonly string[]>;
}

interface OpenContainer {
  readonly values: readonly unknown[] | Members;
  /** Of an object, when they have been listed; null for a list. */
  keys: readonly string[] | null;
  /** Null for an object whose keys have not been listed. */
  length: number | null;
  next: number;
  isEmpty: boolean;
}

type Members = Readonly<Record<string, unknown>>;

/** Whether JSON has a member with this value. */
function isWritten(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  return 'toJSON' in (value as object) && typeof (value as { toJSON: unknown }).toJSON === 'function';
}

/** A few milliseconds of work if values are short. */
const defaultPieceLength = 64 << 10;
