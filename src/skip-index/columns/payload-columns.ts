import { isJsonScalar } from '../../json/exact-number.ts';
import { keysOf } from '../../json/keys-of.ts';
import { stringifyJson } from '../../json/stringify-json.ts';
import type { JsonObject } from '../../event/event.ts';
import { encodeCodes, encodeValues, deflateIfSmaller } from './encoding.ts';

/**
 * The column chunk of one path in the payloads of a row group. A value is JSON text; null stands
 * for events without a value there. Only scalars are stored: a path at which some event has an
 * object or an array has no values.
 */
export interface PayloadColumn {
  /** As `payloadName` returns it. */
  readonly name: string;
  /** Null if they are not stored: the events must be scanned. */
  readonly values: Uint8Array | null;
  /**
   * One code an event. Null if longer paths that start with this one can have values without having
   * a column.
   */
  readonly codes: Uint8Array | null;
}

/** The column name of a path. */
export function payloadName(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** The column names of the proper prefixes of a path. */
export function ancestorNames(name: string): readonly string[] {
  const path = pathOf(name);
  return path.map((_, length) => payloadName(path.slice(0, length)));
}

function pathOf(name: string): readonly string[] {
  return JSON.parse(name) as readonly string[];
}

/**
 * Builds the column chunks of the payloads in a row group.
 *
 * Guarantees: bounded memory and bounded storage for any payloads. The paths of most events come
 * first; a path above the omitted ones reports that they are missing. The column of the empty path
 * always exists: a row group without it was built before payload columns existed.
 */
export class PayloadColumnsBuilder {
  private events = 0;
  private paths = 1;
  private readonly root: PathNode = createNode('[]', null);

  add(payload: JsonObject): void {
    this.collect(this.root, payload, 0);
    this.events += 1;
  }

  /** Call once, after all events are added. */
  columns(): readonly PayloadColumn[] {
    const chosen = [{ node: this.root, encoded: null }, ...this.encodedNodes()];
    return chosen.map(({ node: { name, mayHaveMore }, encoded }) => ({
      name,
      values: encoded?.values ?? null,
      codes: mayHaveMore ? null : (encoded?.codes ?? noCodes),
    }));
  }

  /**
   * Ancestors occur in at least as many events, so they sort first, and no path is stored without
   * its ancestors.
   */
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
    if (value === undefined) return; // not JSON, so not stored
    node.eventCount += 1;
    if (isJsonScalar(value)) {
      if (node.known !== null) this.put(node, node.known, stringifyJson(value));
      return;
    }
    dropValues(node);
    node.mayHaveMore ||= Array.isArray(value) || depth >= maxDepth;
    node.isArray ||= Array.isArray(value);
    if (Array.isArray(value) || depth >= maxDepth) return;
    for (const key of keysOf(value as object)) {
      const next = node.children.get(key) ?? this.addChild(node, key);
      if (next !== null) this.collect(next, (value as Readonly<Record<string, unknown>>)[key], depth + 1);
    }
  }

  private addChild(parent: PathNode, key: string): PathNode | null {
    const name = this.paths < maxPaths ? payloadName([...pathOf(parent.name), key]) : null;
    if (name === null || name.length > maxNameLength) {
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

/** A path that at least one event has. */
interface PathNode {
  readonly name: string;
  readonly parent: PathNode | null;
  readonly children: Map<string, PathNode>;
  eventCount: number;
  /** Codes by JSON text, from 1; null if the values will not be stored. */
  known: Map<string, number> | null;
  readonly codes: number[];
  /** Characters of all values. */
  characters: number;
  /** Longer paths can have values that are not collected. */
  mayHaveMore: boolean;
  /** If true, some values below are in arrays, so columns below would be incomplete. */
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

/** Adds code 0 for preceding events without a value. */
function padCodes(codes: number[], events: number): void {
  while (codes.length < events) codes.push(0);
}

/** The paths below, except in arrays, in the order of discovery: each after its ancestors. */
function descendantsOf(node: PathNode): readonly PathNode[] {
  if (node.isArray) return [];
  return Array.from(node.children.values(), (each) => [each, ...descendantsOf(each)]).flat();
}

const noCodes = new Uint8Array();
/**
 * Paths of a row group, keys of a path, and characters of a name. Beyond, the path above reports
 * that values are missing.
 */
const maxPaths = 128;
const maxDepth = 6;
const maxNameLength = 255;
/**
 * Values of a path and their characters. A path with more has nearly a value for each event, so it
 * is not stored.
 */
const maxValues = 128;
const maxCharacters = 8000;
/**
 * Bytes of all columns: five an event. Each row costs `rowBytes` more, in the table and the index.
 */
const maxBytes = 5120;
const rowBytes = 128;
