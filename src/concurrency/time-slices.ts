/** Something to be done in its turn. An object, for what `Waiter` says. */
export interface SlicedTask {
  run(): void;
}

/**
 * Takes turns with everything else on the event loop: what is to be run waits in line, and is run in slices.
 * Whoever has more to do than fits in a moment is to get in line again.
 */
export class TimeSlices {
  private queue: SlicedTask[] = [];
  private nextIndex = 0;
  private isScheduled = false;

  /** Runs it soon, after those that are in line. */
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
    // Those that come while this runs have their turn in the next one, so that what was written meanwhile goes out.
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

const sliceMs = 5;
