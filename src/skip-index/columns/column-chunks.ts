import type { Position } from '../../event/cursor.ts';
import { microsOf, secondOf, type Instant } from '../../event/instant.ts';
import type { StoredEvent } from '../../event/event.ts';
import { PayloadColumnsBuilder, type PayloadColumn } from './payload-columns.ts';
import { ValueColumnsBuilder, type ValueColumns } from './label-columns.ts';

/**
 * Columns: what a chapter's events say that is counted most, one value after the other in log order, so that a count need
 * not look at the events. Times take 8 bytes each; names and resource ids are written once, and then told by 2 bytes.
 * Labels, roles and the values at paths of payloads have columns where they take little.
 */
export interface Columns {
  /** The place of the first event. */
  readonly first: Position;
  readonly occurred: Uint8Array;
  readonly names: Dictionary;
  readonly resources: Dictionary;
  readonly values: ValueColumns;
  readonly payloads: readonly PayloadColumn[];
}

/** Texts, each once, and which of them each event has. */
export interface Dictionary {
  readonly texts: readonly string[];
  readonly of: Uint8Array;
}

/** Collects the columns of a chapter. */
export class ColumnsBuilder {
  private first: Position | null = null;
  private readonly occurred: Instant[] = [];
  private readonly names = new DictionaryBuilder();
  private readonly resources = new DictionaryBuilder();
  private readonly values = new ValueColumnsBuilder();
  private readonly payloads = new PayloadColumnsBuilder();

  add(event: StoredEvent): void {
    this.first ??= event.position;
    this.occurred.push(event.occurred);
    this.names.add(event.event);
    this.resources.add(event.resource.id);
    this.values.add(event);
    this.payloads.add(event.payload);
  }

  /** Null where there are no events. */
  columns(): Columns | null {
    if (this.first === null) return null;
    return {
      first: this.first,
      occurred: packedTimes(this.occurred),
      names: this.names.dictionary(),
      resources: this.resources.dictionary(),
      values: this.values.columns(),
      payloads: this.payloads.columns(),
    };
  }
}

class DictionaryBuilder {
  private readonly known = new Map<string, number>();
  private readonly of: number[] = [];

  add(text: string): void {
    const at = this.known.get(text) ?? this.known.size;
    this.known.set(text, at);
    this.of.push(at);
  }

  dictionary(): Dictionary {
    const bytes = Buffer.alloc(this.of.length * 2);
    this.of.forEach((at, index) => bytes.writeUInt16LE(at, index * 2));
    return { texts: [...this.known.keys()], of: bytes };
  }
}

/** Instants as seconds and microseconds, without loss, in the years 0000 to 9999. */
export interface Times {
  readonly seconds: Float64Array;
  readonly micros: Uint32Array;
}

export function unpackedTimes(bytes: Uint8Array): Times {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.byteLength / 8;
  const [seconds, micros] = [new Float64Array(count), new Uint32Array(count)];
  for (let index = 0; index < count; index += 1) {
    const low = view.getUint32(index * 8, true);
    micros[index] = low & 0xf_ffff;
    seconds[index] = view.getUint32(index * 8 + 4, true) * 4096 + (low >>> 20) + firstSecond;
  }
  return { seconds, micros };
}

/** Which texts of a dictionary events have. */
export function unpackedPlaces(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = new Uint16Array(bytes.byteLength / 2);
  for (let index = 0; index < places.length; index += 1) places[index] = view.getUint16(index * 2, true);
  return places;
}

/** 44 bits of seconds since the year 0000 above 20 bits of microseconds, the low half first. */
function packedTimes(instants: readonly Instant[]): Uint8Array {
  const bytes = Buffer.alloc(instants.length * 8);
  instants.forEach((instant, index) => {
    const second = secondOf(instant) - firstSecond;
    bytes.writeUInt32LE((((second % 4096) << 20) | microsOf(instant)) >>> 0, index * 8);
    bytes.writeUInt32LE(Math.floor(second / 4096), index * 8 + 4);
  });
  return bytes;
}

const firstSecond = Date.parse('0000-01-01T00:00:00Z') / 1000;
