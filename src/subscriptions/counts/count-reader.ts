import { TidingsError } from '../../errors.ts';
import type { Position } from '../../event/cursor.ts';
import type { Waiter } from '../../concurrency/wake-signal.ts';
import { Alarm } from '../../concurrency/rearmable-timer.ts';
import type { CountFeed } from './incremental-count.ts';
import type { CountsUpdate } from './count-deltas.ts';
import type { Identity, LiveCursor } from '../source.ts';

/** The last message, where the count cannot go on. A message, since an iterator that throws would close its client's whole socket. */
export interface CountFailed {
  readonly kind: 'FAILED';
  readonly error: unknown;
}

export type CountsMessage = CountsUpdate | CountFailed;

/**
 * The place of one subscriber in a live count. Begins with a snapshot that holds everything up to `atLeast`; then says, at most
 * every `intervalMs`, what was added since. Whoever takes messages slowly gets larger ones, or a snapshot again; so does
 * everybody, when retention has removed what was counted.
 */
export class CountCursor implements LiveCursor<CountsMessage> {
  /** Where the last message ended in the feed; null before the first. */
  private place: Position | null = null;
  private edition = 0;
  private saidAt = -Infinity;
  private failed = false;
  private readonly alarm = new Alarm();

  constructor(
    private readonly feed: CountFeed,
    private readonly own: { readonly atLeast: Position; readonly intervalMs: number; readonly leave: () => void },
  ) {}

  next(): CountsMessage | 'READ' | 'WAIT' | 'ENDED' {
    if (this.failed) return 'ENDED';
    try {
      return this.ask();
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      this.failed = true;
      return { kind: 'FAILED', error };
    }
  }

  read(): Promise<void> {
    return this.feed.read();
  }

  onMore(waiter: Waiter): void {
    if (this.feed.hasNews || !this.hasAll) this.alarm.set(this.dueIn(), waiter);
    else this.feed.onMore(waiter);
  }

  offMore(waiter: Waiter): void {
    this.alarm.clear();
    this.feed.offMore(waiter);
  }

  identityOf(message: CountsMessage): Identity {
    return message.kind === 'FAILED' ? `FAILED:${(failures += 1)}` : message.identity;
  }

  eventsIn(): number {
    return 0;
  }

  [Symbol.dispose](): void {
    this.own.leave();
  }

  private ask(): CountsMessage | 'READ' | 'WAIT' {
    if (this.feed.advance(this.own.atLeast) === 'READ') return 'READ';
    if (this.dueIn() > 0) return 'WAIT';
    this.feed.cut();
    if (this.hasAll) return 'WAIT';
    const { end, edition } = this.feed;
    const update = (this.place === null || edition !== this.edition ? null : this.feed.since(this.place)) ?? this.feed.snapshot();
    [this.place, this.edition] = [end, edition];
    this.saidAt = performance.now();
    return update;
  }

  private get hasAll(): boolean {
    return this.feed.end === this.place && this.feed.edition === this.edition;
  }

  private dueIn(): number {
    return this.saidAt + this.own.intervalMs - performance.now();
  }
}

/** No two failures are taken for the same. */
let failures = 0;
