import type { JsonObject } from '../../event/event.ts';
import { packedCodes, packedValues, thinner } from './encoding.ts';

/**
 * What a chapter tells of the values at one path of its events' payloads: a text is a value's JSON, null is said of an event
 * that has none there. Only scalars are written: a path at which some event has an object or an array has no values.
 */
export interface PayloadColumn {
  /** See `payloadName`. */
  readonly name: string;
  /** Null where they are not written: then the events must be looked at. */
  readonly values: Uint8Array | null;
  /** Which each event has. Null where longer paths that begin with this one may have values without having a column. */
  readonly of: Uint8Array | null;
}

/** A path as the name of its column. */
export function payloadName(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** The names of the paths that this one begins with, itself excluded. */
export function namesAbove(name: string): readonly string[] {
  const path = pathOf(name);
  return path.map((_, length) => payloadName(path.slice(0, length)));
}

function pathOf(name: string): readonly string[] {
  return JSON.parse(name) as readonly string[];
}

/**
 * Collects the columns of a chapter's payloads. Promises bounded space, in memory and in what it writes, whatever payloads
 * say: what most events have comes first, and the rest is told to be missing by the path above it. The column of the empty
 * path is always there, so a chapter without it was made before there were any of these.
 */
export class PayloadColumnsBuilder {
  private events = 0;
  private paths = 1;
  private readonly root: Branch = branch('[]', null);

  add(payload: JsonObject): void {
    this.walk(this.root, payload, 0);
    this.events += 1;
  }

  /** To be asked once, when all were added. */
  columns(): readonly PayloadColumn[] {
    const told = [{ at: this.root, packed: null }, ...this.written()];
    return told.map(({ at: { name, untold }, packed }) => ({
      name,
      values: packed?.values ?? null,
      of: untold ? null : (packed?.of ?? none),
    }));
  }

  /** A path is in no more events than the ones above it, which come before it: there is none without them. */
  private written(): readonly { readonly at: Branch; readonly packed: Packed | null }[] {
    let left = mostBytes;
    return below(this.root)
      .toSorted((a, b) => b.present - a.present)
      .flatMap((at) => {
        if (left < bytesOfRow) {
          if (at.above !== null) at.above.untold = true;
          return [];
        }
        left -= bytesOfRow;
        const packed = this.packed(at);
        const size = packed === null ? 0 : packed.values.byteLength + packed.of.byteLength;
        if (size > left) return [{ at, packed: null }];
        left -= size;
        return [{ at, packed }];
      });
  }

  private walk(at: Branch, value: unknown, depth: number): void {
    if (value === undefined) return; // what is not JSON is not stored
    at.present += 1;
    if (typeof value !== 'object' || value === null) {
      if (at.known !== null) this.put(at, at.known, JSON.stringify(value));
      return;
    }
    giveUp(at);
    at.untold ||= Array.isArray(value) || depth >= deepest;
    at.isArray ||= Array.isArray(value);
    if (Array.isArray(value) || depth >= deepest) return;
    for (const key of Object.keys(value)) {
      const next = at.branches.get(key) ?? this.begin(at, key);
      if (next !== null) this.walk(next, (value as Readonly<Record<string, unknown>>)[key], depth + 1);
    }
  }

  private begin(above: Branch, key: string): Branch | null {
    const name = payloadName([...pathOf(above.name), key]);
    if (this.paths >= mostPaths || name.length > longestName) {
      above.untold = true;
      return null;
    }
    const begun = branch(name, above);
    above.branches.set(key, begun);
    this.paths += 1;
    return begun;
  }

  private put(at: Branch, known: Map<string, number>, json: string): void {
    fill(at.of, this.events);
    const code = known.get(json) ?? known.size + 1;
    at.of.push(code);
    if (code <= known.size) return;
    known.set(json, code);
    at.characters += json.length;
    if (known.size > mostValues || at.characters > mostCharacters) giveUp(at);
  }

  private packed({ known, of }: Branch): Packed | null {
    if (known === null) return null;
    fill(of, this.events);
    const texts = [...known.keys()];
    return { values: packedValues([null, ...texts]), of: thinner(packedCodes(of, texts.length + 1)) };
  }
}

interface Packed {
  readonly values: Uint8Array;
  readonly of: Uint8Array;
}

/** A path that some event has. */
interface Branch {
  readonly name: string;
  readonly above: Branch | null;
  readonly branches: Map<string, Branch>;
  /** How many events have it. */
  present: number;
  /** The numbers of the JSON of values, from 1 on; null: they will not be written. */
  known: Map<string, number> | null;
  readonly of: number[];
  /** Of all values. */
  characters: number;
  /** Longer paths may have values that are not looked at here. */
  untold: boolean;
  /** Then what is below is not said by objects alone. */
  isArray: boolean;
}

function branch(name: string, above: Branch | null): Branch {
  return { name, above, branches: new Map(), present: 0, known: new Map(), of: [], characters: 0, untold: false, isArray: false };
}

function giveUp(at: Branch): void {
  at.known = null;
  at.of.length = 0;
}

/** Events that have nothing there. */
function fill(of: number[], events: number): void {
  while (of.length < events) of.push(0);
}

/** What is below, without what stands in arrays, in the order in which it was found: each behind what is above it. */
function below(at: Branch): readonly Branch[] {
  if (at.isArray) return [];
  return Array.from(at.branches.values(), (each) => [each, ...below(each)]).flat();
}

const none = new Uint8Array();
/** Paths of a chapter that are looked at, their keys and the characters of their names: what is beyond is told to be missing. */
const mostPaths = 128;
const deepest = 6;
const longestName = 255;
/** Of a path: what has more is as good as different for each event. */
const mostValues = 128;
const mostCharacters = 8000;
/** Of all columns: five bytes an event. A row takes some itself, and in the index. */
const mostBytes = 5120;
const bytesOfRow = 128;
