import { randomUUID } from 'node:crypto';
import { rememberKeys } from './keys-of.ts';
import { parseJson, parseStoredJson, setMember } from './parse-json.ts';
import { endOfString } from './string-end.ts';

/**
 * `parseJson` for the bytes of a large text, which takes a step for each `pieceBytes`, so that a
 * caller can do other work in between.
 *
 * Assumes: at most some thousand levels, since each piece repeats the brackets around it.
 * Guarantees: the same value as `parseJson`, and a SyntaxError for the same texts; its message says
 * between which bytes, if the text is large. Errors of `decode` pass.
 * Does not guarantee short steps within one string or number.
 *
 *   {"a":[1,2 | ,3],"b":4}    cut at a comma, at any depth
 *   {"a":[1,2]}               the first piece, with the brackets that close it
 *   {"…":[3],"b":4}           the next one, with those that open it; its parts are added to the
 *                             values of the first piece that are still open
 */
export function* parseJsonInSteps(bytes: Uint8Array, decode: Decode, pieceBytes = defaultPieceBytes): Generator<undefined, unknown> {
  if (bytes.length <= 2 * pieceBytes) return parseJson(decode(bytes));
  const scanner = new Scanner(bytes);
  const values = new OpenValues();
  for (let from = 0; ;) {
    const opening = values.opening;
    const to = scanner.nextCut(from + pieceBytes);
    yield;
    const text = yield* decodeInSteps(bytes.subarray(from, to), decode);
    const isLast = to === bytes.length;
    try {
      if ((from > 0 && !startsWithValue.test(text)) || (!isLast && endsWithBracket.test(text)))
        throw new SyntaxError('a comma without a value');
      values.add(parseJson(opening + text + (isLast ? '' : scanner.closing)));
      if (isLast) {
        values.keep(0);
        return values.root;
      }
      values.keep(scanner.leastDepth);
      for (const key of scanner.openedKeys()) values.openLast(key === null ? null : (JSON.parse(decode(key)) as string));
    } catch (error) {
      if (error instanceof SyntaxError) throw new SyntaxError(`between bytes ${from} and ${to}`, { cause: error });
      throw error;
    }
    from = to + 1;
    yield;
  }
}

/** `parseStoredJson`, in such steps if the text is large. */
export function* parseStoredJsonInSteps(text: string): Generator<undefined, unknown> {
  return text.length <= 2 * defaultPieceBytes ? parseStoredJson(text) : yield* parseJsonInSteps(Buffer.from(text), utf8Text);
}

function utf8Text(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

const utf8 = new TextDecoder();

/** A string is one piece, and bytes that are not ASCII take ten times as long as others. */
function* decodeInSteps(bytes: Uint8Array, decode: Decode): Generator<undefined, string> {
  if (bytes.length <= 2 * maxDecodedBytes) return decode(bytes);
  let text = '';
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(from + maxDecodedBytes, bytes.length);
    while (to > from && to < bytes.length && !beginsText(bytes[to])) to -= 1;
    if (to === from) to = bytes.length;
    text += decode(bytes.subarray(from, to));
    from = to;
    yield;
  }
  return text;
}

/** Whether a text can begin with this byte: not within a character, nor with U+FEFF, which decoders may omit there. */
function beginsText(byte = 0): boolean {
  return (byte & 0xc0) !== 0x80 && byte !== 0xef;
}

export type Decode = (bytes: Uint8Array) => string;

/** Finds commas between values, and knows which brackets are open there. */
class Scanner {
  /** The fewest brackets that were open since the last cut. */
  leastDepth = 0;
  private at = 0;
  private readonly open: OpenBracket[] = [];
  private key: readonly [from: number, to: number] = [0, 0];

  constructor(private readonly bytes: Uint8Array) {}

  /** The position of the first comma at or after `min` within brackets; the end of the text if there is none. */
  nextCut(min: number): number {
    const { bytes, open } = this;
    this.leastDepth = open.length;
    for (let { at } = this; at < bytes.length; at += 1) {
      if (isPlain[bytes[at] ?? 0] === 1) continue;
      switch (bytes[at]) {
        case quote: {
          const from = at;
          at = endOfString(bytes, at);
          this.key = [from, at + 1];
          break;
        }
        case openArray:
        case openObject:
          open.push({ isArray: bytes[at] === openArray, key: this.key });
          break;
        case closeArray:
        case closeObject:
          open.pop();
          this.leastDepth = Math.min(this.leastDepth, open.length);
          break;
        case comma:
          if (at >= min && open.length > 0) {
            this.at = at + 1;
            return at;
          }
          break;
        default:
      }
    }
    this.at = bytes.length;
    return bytes.length;
  }

  /** The brackets that close what is open. */
  get closing(): string {
    return this.open
      .map(({ isArray }) => (isArray ? ']' : '}'))
      .toReversed()
      .join('');
  }

  /** For each bracket that was opened since the last cut: the bytes of its key; null in an array or at the root. */
  openedKeys(): readonly (Uint8Array | null)[] {
    return this.open.slice(this.leastDepth).map(({ key: [from, to] }, index) => {
      const parent = this.open[this.leastDepth + index - 1];
      return parent === undefined || parent.isArray ? null : this.bytes.subarray(from, to);
    });
  }
}

interface OpenBracket {
  readonly isArray: boolean;
  /** The string before it. */
  readonly key: readonly [from: number, to: number];
}

/** The values that the text so far leaves open, from the outside in. */
class OpenValues {
  root: unknown = undefined;
  private readonly open: Container[] = [];
  /** Of each open object: its keys in their order; null where it is not known. */
  private readonly keys: (string[] | null)[] = [];

  /** The brackets that open them again. */
  get opening(): string {
    return this.open.map((each, depth) => (depth === 0 ? '' : prefixIn(this.open[depth - 1])) + (Array.isArray(each) ? '[' : '{')).join('');
  }

  /** Adds what was parsed after `opening`. */
  add(parsed: unknown): void {
    if (this.open.length === 0) this.root = parsed;
    let part = parsed;
    for (const [depth, container] of this.open.entries()) {
      const hasInner = depth + 1 < this.open.length;
      if (Array.isArray(container)) {
        const elements = part as readonly unknown[];
        for (let index = hasInner ? 1 : 0; index < elements.length; index += 1) container.push(elements[index]);
        part = elements[0];
      } else {
        const members = part as Readonly<Record<string, unknown>>;
        for (const key of Object.keys(members)) if (key !== innerKey) this.addMember(depth, key, members[key]);
        part = members[innerKey];
      }
    }
  }

  keep(depth: number): void {
    while (this.open.length > depth) {
      const [container, keys] = [this.open.pop(), this.keys.pop()];
      if (container !== undefined && keys != null) rememberKeys(container, keys);
    }
  }

  /** Opens the last element of the innermost open value, its member with this key, or the root. */
  openLast(key: string | null): void {
    const parent = this.open.at(-1);
    const value = parent === undefined ? this.root : Array.isArray(parent) ? parent.at(-1) : parent[key ?? ''];
    this.open.push(value as Container);
    this.keys.push(Array.isArray(value) ? null : Object.keys(value as Container));
  }

  private addMember(depth: number, key: string, value: unknown): void {
    const container = this.open[depth] as Record<string, unknown>;
    const keys = this.keys[depth];
    if (keys != null && !Object.hasOwn(container, key)) keys.push(key);
    if (isIndex.test(key)) this.keys[depth] = null;
    setMember(container, key, value);
  }
}

type Container = unknown[] | Record<string, unknown>;

/** Precedes, within a container, the value of it that is open. */
function prefixIn(container: Container | undefined): string {
  return container === undefined || Array.isArray(container) ? '' : `"${innerKey}":`;
}

/** A comma can be the first or the last in its brackets only in invalid JSON. */
const startsWithValue = /^[ \t\n\r]*[^ \t\n\r\]}]/;
const endsWithBracket = /[[{][ \t\n\r]*$/;

/** Objects have such keys before others, in the order of numbers. */
const isIndex = /^\d+$/;

/** A key that no client can know. */
const innerKey = randomUUID();

/**
 * Less than a millisecond of work, but about 10 if each object has other keys than all before it: V8
 * takes two microseconds for such an object.
 */
const defaultPieceBytes = 64 << 10;

/** Less than 5 ms, of any characters. */
const maxDecodedBytes = 1 << 20;

const [quote, comma] = [0x22, 0x2c];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Whether a byte is none of them: most are, and a table is faster than comparisons. */
const isPlain = new Uint8Array(256).fill(1);
for (const each of [quote, comma, openArray, closeArray, openObject, closeObject]) isPlain[each] = 0;
