import { isJsonScalar } from './exact-number.ts';
import { isLargerThan } from './json-size.ts';
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
 * members takes longer than a piece.
 *
 * Why value by value, which takes several times as long as `JSON.stringify`? Without visiting its
 * values it is unknown whether one is small enough for that.
 */
export function* jsonPieces(
  value: unknown,
  { stringify = stringifyJson, ...options }: PieceOptions & { readonly stringify?: (value: unknown) => string } = {},
): Generator<string, void> {
  const isLarge = isLargerThan(value, options.pieceLength ?? defaultPieceLength);
  yield isLarge ? '' : stringify(value); // finding out that it is large takes as long as a piece
  if (isLarge) yield* largePieces(value, options);
}

function* largePieces(value: unknown, { pieceLength = defaultPieceLength, keysOf = Object.keys }: PieceOptions): Generator<string, void> {
  const open: OpenContainer[] = [];
  let text = '';
  const write = (each: unknown, key: string): void => {
    const member = !isJsonScalar(each) && hasToJson(each) ? each.toJSON(key) : each;
    if (isJsonScalar(member)) text += stringifyJson(member) ?? 'null';
    else if (Array.isArray(member)) {
      text += '[';
      open.push({ values: member, keys: null, next: 0, isEmpty: true });
    } else {
      text += '{';
      open.push({ values: member as Members, keys: keysOf(member as Members), next: 0, isEmpty: true });
    }
  };
  write(value, '');
  for (let container = open.at(-1); container !== undefined; container = open.at(-1)) {
    const { values, keys, next } = container;
    if (next === (keys ?? values).length) {
      text += keys === null ? ']' : '}';
      open.pop();
    } else {
      container.next += 1;
      const key = keys?.[next];
      const member = key === undefined ? (values as readonly unknown[])[next] : (values as Members)[key];
      if (key === undefined || isWritten(member)) {
        if (!container.isEmpty) text += ',';
        container.isEmpty = false;
        if (key !== undefined) text += `${JSON.stringify(key)}:`;
        write(member, key ?? String(next));
      }
    }
    if (text.length < pieceLength) continue;
    yield text;
    text = '';
  }
  yield text;
}

export interface PieceOptions {
  readonly pieceLength?: number;
  /** The keys of an object in the order of the text. */
  readonly keysOf?: (object: object) => readonly string[];
}

interface OpenContainer {
  readonly values: readonly unknown[] | Members;
  /** Of an object; null for a list. */
  readonly keys: readonly string[] | null;
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
