import type { Details } from '../event-types.ts';
import type { TidingsError } from '../wire/client-error.ts';
import type { Emission, StoredEvent } from './emission.ts';
import type { EmissionQueue } from './emission-queue.ts';

export interface EmitAllOptions {
  /**
   * Called with the result of each event and its number, from 0, as soon as it is known: in the order of the events, except that one which
   * fails before it is sent comes earlier. If it throws, nothing more is read, and emitAll throws the error.
   */
  readonly onResult?: (result: StoredEvent | TidingsError, index: number) => void;
}

export interface EmitSummary {
  readonly created: number;
  readonly duplicates: number;
  /** The first 1,000 failures. */
  readonly failures: readonly { readonly id: string; readonly error: TidingsError }[];
  readonly failed: number;
}

interface EmitAllParts {
  readonly emit: (event: string, details: Details<unknown>) => Emission;
  readonly queue: EmissionQueue;
}

/** Emits the events when the queue has room, and waits until all are stored or rejected. */
export async function emitAll(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  { emit, queue }: EmitAllParts,
  { onResult }: EmitAllOptions = {},
): Promise<EmitSummary> {
  const failures: { readonly id: string; readonly error: TidingsError }[] = [];
  let [created, duplicates, failed, pending, count] = [0, 0, 0, 0, 0];
  let thrown: { readonly error: unknown } | null = null;
  /** Keeps nothing of the event: many wait at a time. */
  const observe = (emission: Emission, index: number): void => {
    pending += 1;
    emission.observe((outcome) => {
      pending -= 1;
      if ('status' in outcome) {
        if (outcome.status === 'DUPLICATE') duplicates += 1;
        else created += 1;
      } else {
        failed += 1;
        if (failures.length < maxFailures) failures.push({ id: emission.id, error: outcome });
      }
      try {
        onResult?.(outcome, index);
      } catch (error) {
        thrown ??= { error };
      }
    });
  };
  // The timers of the queue do not keep the process alive.
  const keepAlive = setInterval(() => undefined, maxTimerMs);
  try {
    for await (const input of inputs) {
      await queue.ready();
      if (thrown !== null) break;
      observe(emit(input.event, input), count);
      count += 1;
    }
  } finally {
    await (pending > 0 ? queue.flush(null) : Promise.resolve()).finally(() => clearInterval(keepAlive));
  }
  if (thrown !== null) throw (thrown as { readonly error: unknown }).error;
  return { created, duplicates, failed, failures };
}

interface Input extends Details<unknown> {
  readonly event: string;
}

const maxFailures = 1000;
const maxTimerMs = 2 ** 31 - 1;
