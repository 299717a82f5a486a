import { isJsonScalar } from './exact-number.ts';
import { isLargerThan } from './json-size.ts';
import { stringifyJson } from './stringify-json.ts';

/**
 * The text of `stringifyJson` in UTF-8, with a step for each `pieceBytes`, so that a caller can do
 * other work in between.
 *
 * Assumes: at most some thousand levels, and nothing changes the value meanwhile.
 * Guarantees: the same text as `stringifyJson` for a value that has one.
 * Does not guarantee short steps within one string.
 */
export function* stringifyJsonInSteps(value: unknown, pieceBytes = defaultPieceBytes): Generator<undefined, Buffer> {
  const pieces: Buffer[] = [];
  let text = '';
  function* write(each: unknown, key: string): Generator<undefined, void> {
    if (isJsonScalar(each) || !isLargerThan(each, pieceBytes)) text += stringifyJson(each) ?? 'null';
    else if (hasToJson(each)) yield* write(each.toJSON(key), key);
    else yield* writeMembers(each as object);
    if (text.length < pieceBytes) return;
    pieces.push(Buffer.from(text));
    text = '';
    yield;
  }
  function* writeMembers(container: object): Generator<undefined, void> {
    const isList = Array.isArray(container);
    let separator = isList ? '[' : '{';
    for (const [key, member] of isList ? container.entries() : Object.entries(container)) {
      if (!isList && (member === undefined || typeof member === 'function')) continue;
      text += isList ? separator : `${separator}${JSON.stringify(key)}:`;
      separator = ',';
      yield* write(member, String(key));
    }
    text += separator === ',' ? (isList ? ']' : '}') : isList ? '[]' : '{}';
  }
  yield* write(value, '');
  pieces.push(Buffer.from(text));
  return Buffer.concat(pieces);
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function';
}

/** A millisecond of work. */
const defaultPieceBytes = 128 << 10;
