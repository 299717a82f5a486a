import { RearmableTimer } from '../../concurrency/rearmable-timer.ts';
import type { WakeListener } from '../../concurrency/wake-signal.ts';
import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { Identity, SubscriptionReader } from '../source.ts';
import type { CountUpdate } from './count-deltas.ts';
import type { IncrementalCount } from './incremental-count.ts';

/**
 * The last message of a count that cannot continue. It is a message, because an iterator that
 * throws would close the whole socket of its client.
 */
export interface CountFailed {
  readonly kind: 'FAILED';
  readonly error: unknown;
}

export type CountsMessage = CountUpdate | CountFailed;

/**
 * The position of one subscriber in a live count. The first message is a snapshot that includes all
 * events up to `minPosition`. The following messages, at most one every `intervalMs`, are the
 * changes since the last one. A slow subscriber gets larger deltas, or a snapshot. After retention
 * has removed counted events, every subscriber gets a snapshot.
 */
export class CountReader implements SubscriptionReader<CountsMessage> {
  /** The end of the last message; null before the first. */
  private position: Position | null = null;
  private generation = 0;
  private reportedAt = -Infinity;
  private failed = false;
  private readonly timer = new RearmableTimer();

  constructor(
    private readonly count: IncrementalCount,
    private readonly options: { readonly minPosition: Position; readonly intervalMs: number; readonly release: () => void },
  ) {}

  next(): CountsMessage | 'READ' | 'WAIT' | 'ENDED' {
    if (this.failed) return 'ENDED';
    try {
      return this.poll();
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      this.failed = true;
      return { kind: 'FAILED', error };
    }
  }

  read(): Promise<void> {
    return this.count.read();
  }

  onReadable(listener: WakeListener): void {
    if (this.count.hasPending || !this.isCurrent) this.timer.arm(this.dueInMs(), listener);
    else this.count.onReadable(listener);
  }

  offReadable(listener: WakeListener): void {
    this.timer.clear();
    this.count.offReadable(listener);
  }

  identityOf(message: CountsMessage): Identity {
    return message.kind === 'FAILED' ? `FAILED:${(failures += 1)}` : message.identity;
  }

  eventsIn(): number {
    return 0;
  }

  [Symbol.dispose](): void {
    this.options.release();
  }

  private poll(): CountsMessage | 'READ' | 'WAIT' {
    if (this.count.advance(this.options.minPosition) === 'READ') return 'READ';
    if (this.dueInMs() > 0) return 'WAIT';
    this.count.flush();
    if (this.isCurrent) return 'WAIT';
    const { end, generation } = this.count;
    const update =
      (this.position === null || generation !== this.generation ? null : this.count.since(this.position)) ?? this.count.snapshot();
    [this.position, this.generation] = [end, generation];
    this.reportedAt = performance.now();
    return update;
  }

  private get isCurrent(): boolean {
    return this.count.end === this.position && this.count.generation === this.generation;
  }

  private dueInMs(): number {
    return this.reportedAt + this.options.intervalMs - performance.now();
  }
}

/** Numbers failures, so that no two have equal identities. */
let failures = 0;
