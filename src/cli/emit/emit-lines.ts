import { createTidings, TidingsError as ClientError } from '../../client/tidings-client.ts';
import { TidingsError } from '../../errors.ts';
import { commandErrorOf, isWrongAddress, reasonOf } from '../client/command-error.ts';
import type { Endpoint } from '../client/endpoint.ts';
import { unreachable } from '../client/retrying-request.ts';
import { formatNumber } from '../terminal/format-text.ts';
import type { Lines } from './lines.ts';
import { describeProblems, parseLine, type LineEvent } from './parse-line.ts';
import type { EmitStats } from './stats.ts';

export interface EmitLinesParts {
  readonly endpoint: Endpoint;
  /** Maximum number of events in a request. */
  readonly batchEvents: number;
  readonly isStrict: boolean;
  readonly stats: EmitStats;
  /** Receives a sentence when the server cannot be reached. */
  readonly note: (sentence: string) => void;
}

/**
 * Emits the events of a file, in their order. An error contains the number of lines that were
 * processed.
 *
 * Guarantees: memory is bounded for any size of file. Repeating it is safe: by their ids, stored
 * events are duplicates. Ends at the first error that is not about one event.
 */
export async function emitLines(lines: Lines, { endpoint, batchEvents, isStrict, stats, note }: EmitLinesParts): Promise<void> {
  const { key, displayUrl } = endpoint;
  let failure: TidingsError | null = null;
  const stop = (error: TidingsError): void => {
    if (failure !== null) return;
    failure = error;
    lines[Symbol.dispose](); // standard input may never deliver another line
    void tidings.close({ timeoutMs: 0 });
  };
  const tidings = createTidings(displayUrl, {
    ...(key !== null && { key }),
    batch: { maxEvents: batchEvents, maxBytes: maxRequestBytes },
    // One batch forms while another is under way.
    queue: { maxEvents: 2 * batchEvents, maxBytes: 2 * maxRequestBytes },
    retry: { minMs: 100, maxMs: 2000, forMs: retryTimeoutMs },
    onUnsent: () => undefined, // `onResult` has them
    onProblem(error) {
      if (error.isMisconfigured || isWrongAddress(error)) stop(commandErrorOf(error, endpoint));
      else note(`cannot reach ${displayUrl} (${reasonOf(error)}); retrying for up to ${retryTimeoutMs / 1000} s`);
    },
  });
  /** Of the events that have no result yet, by their index. */
  const lineNumbers = new Map<number, number>();
  let count = 0;
  async function* events(): AsyncGenerator<LineEvent> {
    for await (const { number: line, bytes } of lines) {
      const read = parseLine(bytes, { isStrict });
      if (read === null) continue;
      if ('reason' in read) {
        stats.reject({ line, reason: read.reason });
        continue;
      }
      stats.ignore(line, read.unknownMembers);
      lineNumbers.set(count, line);
      count += 1;
      yield read.event;
    }
  }
  try {
    await tidings.emitAll(events(), {
      onResult(result, index) {
        const line = lineNumbers.get(index) ?? 0;
        lineNumbers.delete(index);
        if (!(result instanceof ClientError)) stats.stored(result.status === 'DUPLICATE');
        else if (result.code !== 'EVENT_REJECTED')
          stop(result.isTemporary ? unreachable(endpoint, retryTimeoutMs, reasonOf(result)) : commandErrorOf(result, endpoint));
        else stats.reject({ line, reason: describeProblems(result.userErrors.map(({ field: path, message }) => ({ path, message }))) });
      },
    });
  } catch (error) {
    failure ??= error instanceof TidingsError ? error : null;
    if (failure === null) throw error;
  } finally {
    await tidings.close();
  }
  if (failure !== null) throw withLineCount(failure, stats.lines());
}

function withLineCount(error: TidingsError, lines: number): TidingsError {
  if (lines === 0) return error;
  const processed = `${formatNumber(lines)} lines were processed before; emitting the file again is safe.`;
  return new TidingsError(error.code, `${error.message.replace(/\.?$/, '.')} ${processed}`, { cause: error });
}

/** Long enough for a restart of the server, or a failover of Postgres. */
const retryTimeoutMs = 60_000;
/** Half of the default limit of a server. */
const maxRequestBytes = 8_000_000;
