import type { EventInput } from '../event-types.ts';
import { TidingsError, tidingsErrorOf } from '../wire/client-error.ts';
import { parseLossless, stringifyLossless } from '../wire/lossless-json.ts';
import type { Wire } from '../wire/wire.ts';
import { Emission, type StoredEvent } from './emission.ts';
import { emitMutations, limitsQuery, missing, outcomeOf, type EmitResponse, type LimitsResponse } from './emit-request.ts';
import { checkEvent, unknownLimits, type ServerLimits } from './event-checks.ts';
import type { Outbox } from './outbox.ts';

export interface QueueOptions {
  /** The largest request: 500 events and 1 MB by default. */
  readonly batch?: { readonly maxEvents?: number; readonly maxBytes?: number };
  /** What can wait in memory: 10,000 events and 32 MB by default. */
  readonly queue?: { readonly maxEvents?: number; readonly maxBytes?: number };
  /** Keeps events on disk until they are acknowledged: `directoryOutbox`, `indexedDbOutbox`. */
  readonly outbox?: Outbox;
  /**
   * Called for events that are not stored and will not be sent again: rejected, without room, or
   * left when the client closed. By default prints a line.
   */
  readonly onUnsent?: (events: readonly UnsentEvent[]) => void;
  /** Called once for each outage, when sending fails and is repeated. By default prints a line. */
  readonly onProblem?: (error: TidingsError) => void;
  /** Receives the work that a serverless platform must wait for. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

export interface UnsentEvent {
  /** An EventInput, as JSON. */
  readonly text: string;
  readonly error: TidingsError;
}

interface Entry {
  readonly emission: Emission;
  readonly text: string;
  readonly key: unknown;
  /** Found when the limits of the server became known. */
  rejected: TidingsError | null;
}

/**
 * Sends events in batches.
 *
 * Guarantees: an event is settled once, in the order of emission. One batch is sent at a time, so
 * the log has that order too. A batch is sent again until the server responds: the id of an event
 * is part of it, so it is stored once. The first event is sent at once; those that are emitted
 * meanwhile form the next batch. Memory is bounded.
 * Does not guarantee, without an outbox, that events survive the end of the process.
 */
export interface EmissionQueue {
  add(event: EventInput): Emission;
  /** An emission that failed before it was queued. */
  reject(id: string, text: string, error: TidingsError): Emission;
  ready(): Promise<void>;
  /** Null: without a limit. */
  flush(timeoutMs: number | null): Promise<void>;
  /** The number of events that wait or are under way. */
  size(): number;
  /** What waits, as a request of at most `maxBytes`. */
  peek(maxBytes: number): string[];
  /**
   * Rejects, at once, or leaves to the outbox what waits. Returns the number of events that are lost.
   * `why`: the beginning of the reason.
   */
  close(why: string): Promise<number>;
  /** Reads the outbox. */
  open(): Promise<void>;
}

export function createEmissionQueue(
  wire: Wire,
  options: QueueOptions & { readonly retryForMs: number },
  signal: AbortSignal,
): EmissionQueue {
  const { outbox, waitUntil, onUnsent = printUnsent, onProblem = printProblem } = options;
  const maxBatchEvents = options.batch?.maxEvents ?? 500;
  let maxBatchBytes = options.batch?.maxBytes ?? 1_000_000;
  const [maxEvents, maxBytes] = [options.queue?.maxEvents ?? 10_000, options.queue?.maxBytes ?? 32_000_000];
  const entries: Entry[] = [];
  let [bytes, added, settled] = [0, 0, 0];
  let limits: ServerLimits | null = null;
  let batchLimit = maxBatchEvents;
  let running: Promise<void> | null = null;
  let isClosed = false;
  let opened: Promise<void> | null = null;
  let problem: TidingsError | null = null;
  let keeping: Promise<unknown> = Promise.resolve();
  const waiters = new Set<() => boolean>();

  const hasRoom = (): boolean => entries.length < maxEvents && bytes < maxBytes;
  /** Resolves when `isDone` is true after some batch. */
  const until = (isDone: () => boolean): Promise<void> =>
    isDone() ? Promise.resolve() : new Promise((resolve) => waiters.add(() => isDone() && (resolve(), true)));
  const wakeWaiters = (): void => waiters.forEach((check) => check() && waiters.delete(check));

  /** Settles the first entries of the queue. */
  const settle = async (outcomes: readonly (StoredEvent | TidingsError)[]): Promise<void> => {
    const done = entries.splice(0, outcomes.length);
    const unsent: UnsentEvent[] = [];
    done.forEach(({ emission, text }, index) => {
      const outcome = outcomes[index] ?? missing();
      bytes -= text.length;
      emission.settle(outcome);
      if (outcome instanceof TidingsError) unsent.push({ text, error: outcome });
    });
    settled += done.length;
    wakeWaiters();
    try {
      if (unsent.length > 0) onUnsent(unsent);
    } finally {
      await outbox?.remove(done.map(({ key }) => key));
    }
  };

  /** Up to the first event that the server would reject, or that event alone. */
  const nextBatch = (): readonly Entry[] => {
    let size = 0;
    const candidates = entries.slice(0, Math.min(batchLimit, limits?.batchEvents ?? 1));
    const end = candidates.findIndex(({ text, rejected }, index) => {
      size += text.length + 1;
      return index > 0 && (size > maxBatchBytes || rejected !== null);
    });
    return candidates[0]?.rejected ? candidates.slice(0, 1) : candidates.slice(0, end === -1 ? undefined : end);
  };

  const learnLimits = async (): Promise<void> => {
    const { service } = await wire.send<LimitsResponse>({ query: limitsQuery, variables: '{}' }, signal);
    limits = service.limits;
    maxBatchBytes = Math.min(maxBatchBytes, limits.bodyBytes - requestBytes);
    for (const entry of entries) entry.rejected = checkEvent(parseLossless(entry.text) as EventInput, entry.text, limits);
  };

  const sendBatch = async (batch: readonly Entry[]): Promise<void> => {
    if (limits === null) return await learnLimits();
    const rejected = batch[0]?.rejected;
    if (rejected) return await settle([rejected]);
    // In this time, an `await` that began with an emission of the batch calls its `then`.
    await Promise.resolve();
    const query = batch.some(({ emission }) => emission.isAwaited) ? emitMutations.withCursors : emitMutations.plain;
    const variables = `{"input":[${batch.map((each) => each.text).join()}]}`;
    const { emitEvents } = await wire.send<EmitResponse>({ query, variables }, signal);
    const results = emitEvents.results.toSorted((a, b) => a.index - b.index);
    if (results.length !== batch.length) throw missing();
    await settle(results.map((result, index) => outcomeOf(result, batch[index]?.emission.id ?? '')));
    batchLimit = Math.min(batchLimit * 2, maxBatchEvents);
  };

  const run = async (): Promise<void> => {
    await opened;
    let failingSince: number | null = null;
    while (entries.length > 0 && !isClosed) {
      const batch = nextBatch();
      try {
        await sendBatch(batch);
        [failingSince, problem] = [null, null];
      } catch (caught) {
        if (isClosed) return;
        const error = tidingsErrorOf(caught);
        if (!error.isTemporary && !error.isMisconfigured) {
          // The request is the problem: too large, or with an event that GraphQL rejects.
          if (batch.length === 1) await settle([error]);
          else batchLimit = Math.ceil(batch.length / 2);
          continue;
        }
        failingSince ??= performance.now();
        if (performance.now() - failingSince > options.retryForMs) {
          await settle(batch.map(() => error));
          continue;
        }
        if (problem?.code !== error.code) onProblem(error);
        problem = error;
        const delayMs = wire.backoff.delayAfter(error, 0);
        await wire.backoff.wait(delayMs, { signal, keepsAlive: false });
      }
    }
  };
  const start = (): void => {
    if (running !== null || isClosed) return;
    // After the current task, so that a loop of `emit` forms one batch.
    running = Promise.resolve()
      .then(run)
      .catch((error: unknown) => onProblem(tidingsErrorOf(error)))
      .finally(() => {
        running = null;
        if (entries.length > 0) start();
      });
    waitUntil?.(running);
  };

  const push = (entry: Entry): void => {
    entries.push(entry);
    bytes += entry.text.length;
    added += 1;
    start();
  };
  const reject = (id: string, text: string, error: TidingsError): Emission => {
    const emission = new Emission(id);
    emission.settle(error);
    onUnsent([{ text, error }]);
    return emission;
  };

  return {
    reject,
    add(event) {
      const { id } = event;
      let text: string;
      try {
        text = stringifyLossless(event);
      } catch (error) {
        return reject(id, '', new TidingsError('BAD_USER_INPUT', `The event is not JSON: ${String(error)}`));
      }
      if (isClosed) return reject(id, text, new TidingsError('CLOSED', 'The client was closed before this event was emitted.'));
      const rejected = checkEvent(event, text, limits ?? unknownLimits);
      if (rejected !== null) return reject(id, text, rejected);
      if (!hasRoom()) {
        return reject(id, text, new TidingsError('QUEUE_FULL', `${entries.length} events wait to be sent. Await ready() before emit.`));
      }
      const emission = new Emission(id);
      try {
        const { key, kept } = outbox?.add(text) ?? { key: null };
        if (kept !== undefined) {
          keeping = kept.catch((error: unknown) => onProblem(new TidingsError('OUTBOX_FAILED', String(error), { cause: error })));
        }
        push({ emission, text, key, rejected: null });
      } catch (cause) {
        return reject(id, text, new TidingsError('OUTBOX_FAILED', `The outbox could not keep the event: ${String(cause)}`, { cause }));
      }
      return emission;
    },
    async open() {
      if (outbox === undefined) return;
      opened = Promise.resolve(
        outbox.open((left) => {
          for (const { key, text } of left) {
            const event = parseLossless(text) as EventInput;
            push({ emission: new Emission(event.id), text, key, rejected: limits === null ? null : checkEvent(event, text, limits) });
          }
        }),
      );
      await opened;
    },
    async ready() {
      await opened;
      await keeping;
      await until(() => isClosed || hasRoom());
    },
    async flush(timeoutMs) {
      const target = added;
      wire.backoff.wake();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const limit = new Promise<void>((resolve) => {
        if (timeoutMs !== null) timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([until(() => isClosed || settled >= target), limit]);
      clearTimeout(timer);
      if (settled < target) {
        const when = isClosed ? 'before the client was closed' : `within ${timeoutMs} ms`;
        const reason = problem === null ? '' : `: ${problem.message}`;
        throw new TidingsError('UNSENT', `${target - settled} events were not stored ${when}${reason}`);
      }
      await keeping;
    },
    size: () => entries.length,
    peek(max) {
      let size = 0;
      return entries.map(({ text }) => text).filter((text) => (size += text.length * 3) <= max);
    },
    async close(why) {
      isClosed = true;
      const left = entries.length;
      if (outbox === undefined) {
        const cause = problem === null ? '' : `: ${problem.message}`;
        await settle(entries.map(() => new TidingsError('UNSENT', `${why} before the event was stored${cause}`)));
      }
      wakeWaiters();
      await outbox?.close();
      return outbox === undefined ? left : 0;
    },
  };
}

/** The part of a request around its events. */
const requestBytes = 500;

function printUnsent(events: readonly UnsentEvent[]): void {
  print(`${events.length === 1 ? 'an event was' : `${events.length} events were`} not stored: ${events[0]?.error.message}`);
}

function printProblem({ message }: TidingsError): void {
  print(`events wait to be sent: ${message}`);
}

function print(sentence: string): void {
  // oxlint-disable-next-line no-console -- the default of onUnsent and onProblem
  console.error(`tidings: ${sentence}`);
}
