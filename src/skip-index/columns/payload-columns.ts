import type { JsonObject } from '../../event/event.ts';
import { encodeCodes, encodeValues, deflateIfSmaller } from './encoding.ts';

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
  readonly codes: Uint8Array | null;
}

/** A path as the name of its column. */
export function payloadName(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** The names of the paths that this one begins with, itself excluded. */
export function ancestorNames(name: string): readonly string[] {
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
  private readonly root: PathNode = createNode('[]', null);

  add(payload: JsonObject): void {
    this.collect(this.root, payload, 0);
    this.events += 1;
  }

  /** To be asked once, when all were added. */
  columns(): readonly PayloadColumn[] {
    const chosen = [{ node: this.root, encoded: null }, ...this.encodedNodes()];
    return chosen.map(({ node: { name, mayHaveMore }, encoded }) => ({
      name,
      values: encoded?.values ?? null,
      codes: mayHaveMore ? null : (encoded?.codes ?? noCodes),
    }));
  }

  /** A path is in no more events than the ones above it, which come before it: there is none without them. */
  private encodedNodes(): readonly { readonly node: PathNode; readonly encoded: EncodedColumn | null }[] {
    let remainingBytes = maxBytes;
    return descendantsOf(this.root)
      .toSorted((a, b) => b.eventCount - a.eventCount)
      .flatMap((node) => {
        if (remainingBytes < rowBytes) {
          if (node.parent !== null) node.parent.mayHaveMore = true;
          return [];
        }
        remainingBytes -= rowBytes;
        const encoded = this.encoded(node);
        const size = encoded === null ? 0 : encoded.values.byteLength + encoded.codes.byteLength;
        if (size > remainingBytes) return [{ node, encoded: null }];
        remainingBytes -= size;
        return [{ node, encoded }];
      });
  }

  private collect(node: PathNode, value: unknown, depth: number): void {
    if (value === undefined) return; // what is not JSON is not stored
    node.eventCount += 1;
    if (typeof value !== 'object' || value === null) {
      if (node.known !== null) this.put(node, node.known, JSON.stringify(value));
      return;
    }
    dropValues(node);
    node.mayHaveMore ||= Array.isArray(value) || depth >= maxDepth;
    node.isArray ||= Array.isArray(value);
    if (Array.isArray(value) || depth >= maxDepth) return;
    for (const key of Object.keys(value)) {
      const next = node.children.get(key) ?? this.addChild(node, key);
      if (next !== null) this.collect(next, (value as Readonly<Record<string, unknown>>)[key], depth + 1);
    }
  }

  private addChild(parent: PathNode, key: string): PathNode | null {
    const name = payloadName([...pathOf(parent.name), key]);
    if (this.paths >= maxPaths || name.length > maxNameLength) {
      parent.mayHaveMore = true;
      return null;
    }
    const child = createNode(name, parent);
    parent.children.set(key, child);
    this.paths += 1;
    return child;
  }

  private put(node: PathNode, known: Map<string, number>, json: string): void {
    padCodes(node.codes, this.events);
    const code = known.get(json) ?? known.size + 1;
    node.codes.push(code);
    if (code <= known.size) return;
    known.set(json, code);
    node.characters += json.length;
    if (known.size > maxValues || node.characters > maxCharacters) dropValues(node);
  }

  private encoded({ known, codes }: PathNode): EncodedColumn | null {
    if (known === null) return null;
    padCodes(codes, this.events);
    const texts = [...known.keys()];
    return { values: encodeValues([null, ...texts]), codes: deflateIfSmaller(encodeCodes(codes, texts.length + 1)) };
  }
}

interface EncodedColumn {
  readonly values: Uint8Array;
  readonly codes: Uint8Array;
}

/** A path that some event has. */
interface PathNode {
  readonly name: string;
  readonly parent: PathNode | null;
  readonly children: Map<string, PathNode>;
  /** How many events have it. */
  eventCount: number;
  /** The numbers of the JSON of values, from 1 on; null: they will not be written. */
  known: Map<string, number> | null;
  readonly codes: number[];
  /** Of all values. */
  characters: number;
  /** Longer paths may have values that are not looked at here. */
  mayHaveMore: boolean;
  /** Then what is below is not said by objects alone. */
  isArray: boolean;
}

function createNode(name: string, parent: PathNode | null): PathNode {
  return {
    name,
    parent,
    children: new Map(),
    eventCount: 0,
    known: new Map(),
    codes: [],
    characters: 0,
    mayHaveMore: false,
    isArray: false,
  };
}

function dropValues(node: PathNode): void {
  node.known = null;
  node.codes.length = 0;
}

/** Events that have nothing there. */
function padCodes(codes: number[], events: number): void {
  while (codes.length < events) codes.push(0);
}

/** What is below, without what stands in arrays, in the order in which it was found: each behind what is above it. */
function descendantsOf(node: PathNode): readonly PathNode[] {
  if (node.isArray) return [];
  return Array.from(node.children.values(), (each) => [each, ...descendantsOf(each)]).flat();
}

const noCodes = new Uint8Array();
/** Paths of a chapter that are looked at, their keys and the characters of their names: what is beyond is told to be missing. */
const maxPaths = 128;
const maxDepth = 6;
const maxNameLength = 255;
/** Of a path: what has more is as good as different for each event. */
const maxValues = 128;
const maxCharacters = 8000;
/** Of all columns: five bytes an event. A row takes some itself, and in the index. */
const maxBytes = 5120;
const rowBytes = 128;
