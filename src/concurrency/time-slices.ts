import { FairQueue } from './fair-queue.ts';

/**
 * A task that TimeSlices runs. An object rather than a function, for the reason that WakeListener
 * gives.
 */
export interface SlicedTask {
  /** Does a part of its work, and returns soon after `end`, in the time of `performance.now`. */
  run(end: number): void;
}

/**
 * Runs the short tasks of all clients beside all other work of the event loop.
 *
 * Assumes: a task with more work than it has time for adds itself again.
 * Guarantees:
 * - One turn of the event loop runs tasks for about `sliceMs`, however many are waiting.
 * - The tasks of a client run in the order in which they were added.
 * - Clients take turns, one task each. So a task waits for one task of each other client and for
 *   the earlier tasks of its own client, not for all the tasks that another client has added.
 * Does not guarantee: that a turn is short, if a task does not return.
 */
export class TimeSlices {
  private readonly tasks = new FairQueue<SlicedTask>();
  /** Added during a slice. They wait for the next one, so that pending writes reach the network. */
  private added: (readonly [string, SlicedTask])[] = [];
  private isRunning = false;
  private isScheduled = false;

  /** Runs the task soon, after those of this client in the queue. */
  add(task: SlicedTask, client: string): void {
    if (this.isRunning) this.added.push([client, task]);
    else this.tasks.add(client, task);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.runSlice);
  }

  private readonly runSlice = (): void => {
    const end = performance.now() + sliceMs;
    this.isRunning = true;
    try {
      do this.tasks.take()?.run(end);
      while (!this.tasks.isEmpty && performance.now() < end);
    } finally {
      this.isRunning = false;
      this.isScheduled = false;
      for (const [client, task] of this.added.splice(0)) this.tasks.add(client, task);
      if (!this.tasks.isEmpty) this.schedule();
    }
  };
}

/**
 * An emission takes about ten turns of the event loop on its way to the database and back, and
 * waits for one slice in each.
 */
const sliceMs = 2;

/** Resolves in the next turn of the event loop, after pending I/O was handled. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Resolves in a later turn of the event loop, alone: each turn resolves one of those that wait, in order. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(resolveFirst);
  });
}

function resolveFirst(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(resolveFirst);
}

/** Of the whole process, since all share the event loop. */
const waiting: (() => void)[] = [];

/**
 * The time that a long loop may use before it yields: `if (slice.isOver()) await slice.next();`.
 *
 * Guarantees: however many loops run, one turn of the event loop continues one of them. So the parts
 * of a request that run at the same time do not add up.
 */
export class TimeSlice {
  private startedAt = performance.now();

  constructor(private readonly ms: number) {}

  isOver(): boolean {
    return performance.now() - this.startedAt >= this.ms;
  }

  /** Yields to the event loop, then starts the next slice. */
  async next(): Promise<void> {
    await nextTurn();
    this.startedAt = performance.now();
  }
}

/**
 * Maps a list that a client made long, in order, in slices of `mapSliceMs`: `map` of one element must
 * take a moment only.
 */
export async function mapInSlices<T, R>(items: Iterable<T>, map: (item: T, index: number) => R): Promise<R[]> {
  const slice = new TimeSlice(mapSliceMs);
  const mapped: R[] = [];
  for (const item of items) {
    mapped.push(map(item, mapped.length));
    if (slice.isOver()) await slice.next();
  }
  return mapped;
}

/** The same with a `map` that takes steps, each of a moment only. */
export function mapStepsInSlices<T, R>(items: Iterable<T>, map: (item: T) => Generator<unknown, R>): Promise<R[]> {
  return runInSlices(mapSteps(items, map));
}

function* mapSteps<T, R>(items: Iterable<T>, map: (item: T) => Generator<unknown, R>): Generator<unknown, R[]> {
  const mapped: R[] = [];
  for (const item of items) {
    mapped.push(yield* map(item));
    yield;
  }
  return mapped;
}

/** Runs steps to their end in slices of `mapSliceMs`: each step must take a moment only. */
export async function runInSlices<R>(steps: Generator<unknown, R>): Promise<R> {
  const slice = new TimeSlice(mapSliceMs);
  for (;;) {
    const { done, value } = steps.next();
    if (slice.isOver()) await slice.next();
    if (done === true) return value;
  }
}

/** The same from a later turn on, after work that itself has taken long. */
export async function runInLaterSlices<R>(steps: Generator<unknown, R>): Promise<R> {
  await nextTurn();
  return runInSlices(steps);
}

const mapSliceMs = 5;
