/**
 * A task that TimeSlices runs. An object rather than a function, for the reason that WakeListener
 * gives.
 */
export interface SlicedTask {
  run(): void;
}

/**
 * A queue of short tasks that shares the event loop with all other work: tasks run in order, in
 * slices of at most `sliceMs`. A task that has more work than fits in a moment must add itself
 * again.
 */
export class TimeSlices {
  private queue: SlicedTask[] = [];
  private nextIndex = 0;
  private isScheduled = false;

  /** Runs the task soon, after those in the queue. */
  add(task: SlicedTask): void {
    this.queue.push(task);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.runSlice);
  }

  private readonly runSlice = (): void => {
    this.isScheduled = false;
    const end = performance.now() + sliceMs;
    // Tasks added during the slice wait for the next one, so that pending writes reach the network
    // in between.
    for (const { length } = this.queue; this.nextIndex < length && performance.now() < end;) {
      const task = this.queue[this.nextIndex];
      this.nextIndex += 1;
      task?.run();
    }
    this.queue = this.queue.slice(this.nextIndex);
    this.nextIndex = 0;
    if (this.queue.length > 0) this.schedule();
  };
}

/** Resolves in the next turn of the event loop, after pending I/O was handled. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/**
 * The time that a long loop may use before it yields: `if (slice.isOver()) await slice.next();`.
 */
export class TimeSlice {
  private startedAt = performance.now();

  constructor(private readonly ms: number) {}

  isOver(): boolean {
    return performance.now() - this.startedAt >= this.ms;
  }

  /** Yields to the event loop, then starts the next slice. */
  async next(): Promise<void> {
    await yieldToEventLoop();
    this.startedAt = performance.now();
  }
}

const sliceMs = 5;

/**
 * Maps a list that a client made long, in order, in slices of `sliceMs`: `map` of one element must
 * take a moment only.
 */
export async function mapInSlices<T, R>(items: Iterable<T>, map: (item: T, index: number) => R): Promise<R[]> {
  const slice = new TimeSlice(sliceMs);
  const mapped: R[] = [];
  for (const item of items) {
    mapped.push(map(item, mapped.length));
    if (slice.isOver()) await slice.next();
  }
  return mapped;
}

/** Runs steps to their end in slices of `sliceMs`: each step must take a moment only. */
export async function runInSlices<R>(steps: Generator<unknown, R>): Promise<R> {
  const slice = new TimeSlice(sliceMs);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (slice.isOver()) await slice.next();
  }
}
