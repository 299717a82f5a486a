import { FairQueue } from './fair-queue.ts';

/**
 * Spreads work that very many clients request in one turn of the event loop, such as connections
 * after a restart, over the next turns.
 *
 * Assumes: a task takes a moment. What it does after it has waited for I/O is another task.
 * Guarantees:
 * - A task starts at once if it is among the first `maxStartsAtOnce` of its turn of the event loop,
 *   which take less than `maxTurnMs`, and no other waits. So there is no delay without a burst.
 * - Waiting tasks start in the next turns, for about `maxTurnMs` in each. This time includes what a
 *   task does in promises that are settled already.
 * - The tasks of a client start in order. Clients take turns, one task each.
 * Does not guarantee: that a turn is short in which other work takes long.
 */
export class PacedStarts {
  private readonly waiting = new FairQueue<() => void>();
  /** When this turn starts no further task; null: none has started in it. */
  private turnEnd: number | null = null;
  /** Tasks that may still start at once in this turn. */
  private startsLeft = maxStartsAtOnce;

  /** Starts the task, which must not throw, now or in a later turn. */
  run(task: () => void, client: string): void {
    if (!this.isFree) return this.waiting.add(client, task);
    this.startsLeft -= 1;
    task();
  }

  /** Resolves when the caller can start. */
  async turn(client: string): Promise<void> {
    await new Promise<void>((resolve) => this.run(resolve, client));
  }

  /** Whether a task would start at once. */
  get isFree(): boolean {
    return this.waiting.isEmpty && performance.now() < this.endOfTurn() && this.startsLeft > 0;
  }

  private endOfTurn(): number {
    if (this.turnEnd !== null) return this.turnEnd;
    setImmediate(this.beginTurn);
    return (this.turnEnd = performance.now() + maxTurnMs);
  }

  private readonly beginTurn = (): void => {
    this.turnEnd = null;
    this.startsLeft = maxStartsAtOnce;
    if (!this.waiting.isEmpty) this.startNext();
  };

  private readonly startNext = (): void => {
    if (performance.now() >= this.endOfTurn()) return;
    const task = this.waiting.take();
    if (task === undefined) return;
    // Node runs a tick that a microtask adds after all microtasks, also those which they add.
    queueMicrotask(() => process.nextTick(this.startNext));
    task();
  };
}

/**
 * Few, because tasks that start at once can continue together, in promises, when all have started.
 */
const maxStartsAtOnce = 20;
/** With its I/O, a turn then takes less than the 50 ms that others may wait. */
const maxTurnMs = 5;
