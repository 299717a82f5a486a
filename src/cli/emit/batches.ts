import type { Line } from './lines.ts';
import { parseLine, type LineRules, type RejectedLine } from './parse-line.ts';

/** Consecutive lines of the file: the events to send together, and the lines that are invalid. */
export interface Batch {
  /** Events as EventInput in JSON, in the order of the file. */
  readonly inputs: readonly string[];
  /** The line number of each event. */
  readonly lines: readonly number[];
  readonly rejectedLines: readonly RejectedLine[];
  readonly warnings: readonly LineWarning[];
}

/** A member of a line's document that was ignored. */
export interface LineWarning {
  readonly line: number;
  readonly member: string;
}

export interface BatchRules extends LineRules {
  /** Maximum number of lines, including invalid ones. */
  readonly lines: number;
}

/** Groups the lines of a file into batches of at most `rules.lines` and `maxRequestBytes`. */
export async function* batchesOf(lines: AsyncIterable<Line>, rules: BatchRules): AsyncGenerator<Batch, undefined> {
  let batch = emptyBatch();
  for await (const { number, bytes } of lines) {
    const read = parseLine(bytes, rules);
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
      for (const member of read.unknownMembers) batch.warnings.push({ line: number, member });
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
  return { inputs: [] as string[], lines: [] as number[], rejectedLines: [] as RejectedLine[], warnings: [] as LineWarning[], bytes: 0 };
}

/** With the rest of the request below 8 MiB, half of the default limit of a server. */
const maxRequestBytes = 8_000_000;
