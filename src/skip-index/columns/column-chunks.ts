import type { Position } from '../../event/cursor.ts';
import { microsOf, secondOf, type Instant } from '../../event/instant.ts';
import type { StoredEvent } from '../../event/event.ts';
import { PayloadColumnsBuilder, type PayloadColumn } from './payload-columns.ts';
import { LabelColumnsBuilder, type LabelColumns } from './label-columns.ts';

/**
 * Column chunks: the values of a row group's events that are counted most, column by column in log
 * order. A count reads them instead of the events. Times take 8 bytes each; names and resource ids
 * are dictionary-encoded with codes of 2 bytes. Labels, roles and payload paths have columns if
 * these are small.
 */
export interface ColumnChunks {
  /** The position of the first event. */
  readonly first: Position;
  readonly occurred: Uint8Array;
  readonly names: Dictionary;
  readonly resources: Dictionary;
  readonly labels: LabelColumns;
  readonly payloads: readonly PayloadColumn[];
}

/** Distinct texts, and the index of each event's text as a 16-bit code. */
export interface Dictionary {
  readonly texts: readonly string[];
  readonly codes: Uint8Array;
}

/** Builds the column chunks of a row group. */
export class ColumnChunksBuilder {
  private first: Position | null = null;
  private readonly occurred: Instant[] = [];
  private readonly names = new DictionaryBuilder();
  private readonly resources = new DictionaryBuilder();
  private readonly labels = new LabelColumnsBuilder();
  private readonly payloads = new PayloadColumnsBuilder();

  add(event: StoredEvent): void {
    this.first ??= event.position;
    this.occurred.push(event.occurred);
    this.names.add(event.event);
    this.resources.add(event.resource.id);
    this.labels.add(event);
    this.payloads.add(event.payload);
  }

  /** Null without events. */
  columns(): ColumnChunks | null {
    if (this.first === null) return null;
    return {
      first: this.first,
      occurred: encodeTimes(this.occurred),
      names: this.names.dictionary(),
      resources: this.resources.dictionary(),
      labels: this.labels.columns(),
      payloads: this.payloads.columns(),
    };
  }
}

class DictionaryBuilder {
  private readonly codeByText = new Map<string, number>();
  private readonly codes: number[] = [];

  add(text: string): void {
    const code = this.codeByText.get(text) ?? this.codeByText.size;
    this.codeByText.set(text, code);
    this.codes.push(code);
  }

  dictionary(): Dictionary {
    const bytes = Buffer.alloc(this.codes.length * 2);
    this.codes.forEach((code, index) => bytes.writeUInt16LE(code, index * 2));
    return { texts: [...this.codeByText.keys()], codes: bytes };
  }
}

/** Instants as seconds and microseconds; lossless in the years 0000 to 9999. */
export interface Times {
  readonly seconds: Float64Array;
  readonly micros: Uint32Array;
}

export function decodeTimes(bytes: Uint8Array): Times {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.byteLength / timeBytes;
  const [seconds, micros] = [new Float64Array(count), new Uint32Array(count)];
  for (let index = 0; index < count; index += 1) {
    const low = view.getUint32(index * 8, true);
    micros[index] = low & 0xf_ffff;
    seconds[index] = view.getUint32(index * 8 + 4, true) * 4096 + (low >>> 20) + firstSecond;
  }
  return { seconds, micros };
}

/** Reads the codes of a dictionary. */
export function decodeDictionaryCodes(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codes = new Uint16Array(bytes.byteLength / 2);
  for (let index = 0; index < codes.length; index += 1) codes[index] = view.getUint16(index * 2, true);
  return codes;
}

/** 64 bits each: 44 of seconds since the year 0000 above 20 of microseconds, little-endian. */
function encodeTimes(instants: readonly Instant[]): Uint8Array {
  const bytes = Buffer.alloc(instants.length * 8);
  instants.forEach((instant, index) => {
    const second = secondOf(instant) - firstSecond;
    bytes.writeUInt32LE((((second % 4096) << 20) | microsOf(instant)) >>> 0, index * 8);
    bytes.writeUInt32LE(Math.floor(second / 4096), index * 8 + 4);
  });
  return bytes;
}

/** Bytes of a time. */
export const timeBytes = 8;
const firstSecond = Date.parse('0000-01-01T00:00:00Z') / 1000;
