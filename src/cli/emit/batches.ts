import type { EventLimits } from '../../event/limits.ts';
import type { Line } from './lines.ts';
import { parseLine, type RejectedLine } from './parse-line.ts';

/** Lines that follow one another in the file: the events to send together, and the lines refused here already. */
export interface Batch {
  /** Events in GraphQL's form, as JSON, in the order of the file. */
  readonly inputs: readonly string[];
  /** The line of each of them. */
  readonly lines: readonly number[];
  readonly rejectedLines: readonly RejectedLine[];
}

export interface BatchRules {
  /** Lines of a batch, refused ones among them. */
  readonly lines: number;
  readonly limits: EventLimits;
}

/** Groups the lines of a file; a batch is full at so many lines, or before it would be more than `requestBytes`. */
export async function* batchesOf(lines: AsyncIterable<Line>, rules: BatchRules): AsyncGenerator<Batch, undefined> {
  let batch = emptyBatch();
  for await (const { number, bytes } of lines) {
    const read = parseLine(bytes, rules.limits);
    if (read === null) continue;
    if ('reason' in read) {
      batch.rejectedLines.push({ line: number, reason: read.reason });
    } else {
      const size = Buffer.byteLength(read.input) + 1;
      if (batch.inputs.length > 0 && batch.bytes + size > maxRequestBytes) {
        yield batch;
        batch = emptyBatch();
      }
      batch.inputs.push(read.input);
      batch.lines.push(number);
      batch.bytes += size;
    }
    if (batch.inputs.length + batch.rejectedLines.length >= rules.lines) {
      yield batch;
      batch = emptyBatch();
    }
  }
  if (batch.inputs.length + batch.rejectedLines.length > 0) yield batch;
}

function emptyBatch() {
  return { inputs: [] as string[], lines: [] as number[], rejectedLines: [] as RejectedLine[], bytes: 0 };
}

/** Bytes of the events of one request: below 8 MiB with all that stands around them, half of what a server takes. */
const maxRequestBytes = 8_000_000;
