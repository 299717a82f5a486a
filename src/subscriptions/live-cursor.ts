import type { Waiter } from '../concurrency/wake-signal.ts';

/**
 * A place that moves along the log, and what there is to say on the way. Whoever drives it asks `next` until there is
 * nothing; then it reads, or waits, and asks again. What nobody asks for is not kept.
 *
 *            next: READ              next: WAIT
 *   reading <----------- asking ----------------> waiting
 *      '---- read() ------^  ^-- onMore's waking ----'
 */
export interface LiveCursor<Message extends object> extends Disposable {
  /** What can be said now. READ: nothing before a `read`. WAIT: nothing before `onMore` wakes. ENDED: nothing any more. */
  next(): Message | 'READ' | 'WAIT' | 'ENDED';
  /** Moves one step, through the database if it must. One that throws has moved nothing, and may be tried again. */
  read(): Promise<void>;
  /** Wakes somebody once when asking again may be of use. */
  onMore(waiter: Waiter): void;
  offMore(waiter: Waiter): void;
  /** Messages of cursors of one kind with the same identity have the same content. */
  identityOf(message: Message): Identity;
  /** How many events it carries. */
  eventsIn(message: Message): number;
}

export type Identity = string | number;
