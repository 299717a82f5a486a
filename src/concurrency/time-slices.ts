/** Something to be done in its turn. An object, for what `Waiter` says. */
export interface Task {
  run(): void;
}

/**
 * Takes turns with everything else on the event loop: what is to be run waits in line, and is run in slices.
 * Whoever has more to do than fits in a moment is to get in line again.
 */
export class Turns {
  private line: Task[] = [];
  private first = 0;
  private coming = false;

  /** Runs it soon, after those that are in line. */
  add(task: Task): void {
    this.line.push(task);
    this.come();
  }

  private come(): void {
    if (this.coming) return;
    this.coming = true;
    setImmediate(this.turn);
  }

  private readonly turn = (): void => {
    this.coming = false;
    const end = performance.now() + sliceMs;
    // Those that come while this runs have their turn in the next one, so that what was written meanwhile goes out.
    for (const { length } = this.line; this.first < length && performance.now() < end;) {
      const task = this.line[this.first];
      this.first += 1;
      task?.run();
    }
    this.line = this.line.slice(this.first);
    this.first = 0;
    if (this.line.length > 0) this.come();
  };
}

const sliceMs = 5;
