import { positionBefore, type Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import { toMicros } from '../../event/instant.ts';
import type { Condition } from '../../filter/filter.ts';
import { matches } from '../../filter/matches.ts';
import { batchLength } from './batch-limit.ts';
import type { DeliveryOrder } from './delivery-order.ts';
import { RecentIds, ReorderBuffer, type BufferedEvent } from './reorder-buffer.ts';

export interface CausalParts {
  readonly start: Position;
  readonly filter: Condition;
  /** Returns the stored ones of these events, by id. */
  readonly eventsById: (ids: readonly string[]) => Promise<ReadonlyMap<string, StoredEvent>>;
}

export interface WaitLimits {
  /** The time that an event can be delayed after it was received. */
  readonly maxWaitMs: number;
  /** The number of events delayed at one time. */
  readonly maxBufferedEvents: number;
}

export const defaultWaitLimits: WaitLimits = { maxWaitMs: 30_000, maxBufferedEvents: 10_000 };

/**
 * Causal order: an event whose `follows` names a matching event, its predecessor, is delayed in the
 * reorder buffer until the predecessor is delivered.
 *
 *   log order    b (follows a)   c              a
 *   buffered     b               b
 *   delivered                    c              a, b
 *   position     before b        before b       after a
 *
 * Assumes: steps pass every matching event once, in log order.
 * Guarantees:
 * - A predecessor is delivered before its followers. Exceptions: it arrives more than `maxWaitMs`
 *   after the follower was received, or more than `maxBufferedEvents` are delayed. Then the event
 *   that is delayed longest is delivered first.
 * - While the log is read, time is the time of receipt of the events, so that history is delivered
 *   in the same order as live. At the head it is the clock of this process.
 * - An event is not delayed for a predecessor that the stream has passed (delivered, not matching,
 *   or before the start), that is stored and does not match, or that is the event itself.
 * - Events that follow each other in a circle are delayed until the time of the first is over.
 * - `position` lies before the earliest event that is delayed or not taken. A stream that resumes
 *   there loses nothing, but repeats events delivered ahead of that one. If nothing is delayed, it
 *   repeats nothing.
 */
export function inCausalOrder({ start, filter, eventsById }: CausalParts, { maxWaitMs, maxBufferedEvents }: WaitLimits): DeliveryOrder {
  const buffer = new ReorderBuffer();
  const delivered = new RecentIds(maxDeliveredIds);
  let ready: StoredEvent[] = [];
  let scannedTo = start;
  /** The latest time of receipt of the events added. */
  let logTimeMs = 0;
  /** The position and the time of the last check of missing predecessors. */
  let lastCheck = { upTo: start, at: 0 };

  /** Makes an event ready, then its delayed followers, then theirs. */
  const deliver = (event: StoredEvent): void => {
    const deliverable = [event];
    for (const each of deliverable) {
      delivered.add(each.id);
      for (const follower of buffer.followersOf(each.id)) {
        buffer.remove(follower);
        deliverable.push(follower.event);
      }
    }
    ready.push(...deliverable);
  };
  const deliverBuffered = (each: BufferedEvent): void => {
    buffer.remove(each);
    deliver(each.event);
  };
  /**
   * Delivers the earliest delayed events while `shouldDeliver` holds, and before each its
   * predecessors for which it holds. The buffer is in log order, which is about the order of
   * receipt.
   */
  const deliverEarliestWhile = (shouldDeliver: (each: BufferedEvent) => boolean): void => {
    for (let next = buffer.earliest; next !== null && shouldDeliver(next); next = buffer.earliest)
      deliverBuffered(buffer.firstOfChain(next, shouldDeliver));
  };
  /** The states of predecessors that are not in the buffer, for a log read up to `upTo`. */
  const predecessorStates = async (predecessors: readonly string[], upTo: Position): Promise<ReadonlyMap<string, PredecessorState>> => {
    const found = predecessors.length === 0 ? new Map<string, StoredEvent>() : await eventsById(predecessors);
    return new Map(predecessors.map((id) => [id, predecessorState(found.get(id), upTo)]));
  };
  const predecessorState = (predecessor: StoredEvent | undefined, upTo: Position): PredecessorState => {
    if (predecessor === undefined) return 'UNKNOWN';
    return predecessor.position > upTo && matches(filter, predecessor) ? 'COMING' : 'NOT_COMING';
  };
  const dueMs = ({ receivedMs, readMs }: BufferedEvent): number => Math.min(receivedMs, readMs) + maxWaitMs;

  return {
    get hasReady() {
      return ready.length > 0;
    },
    tryAdd: () => false,
    async add({ events, upTo }) {
      const inStep = new Set(events.map(({ id }) => id));
      const isKnownLocally = (id: string): boolean => inStep.has(id) || buffer.has(id) || delivered.has(id);
      const predecessors = new Set(events.flatMap(({ follows }) => (follows === null || isKnownLocally(follows) ? [] : [follows])));
      const states = await predecessorStates([...predecessors], upTo);
      // No await from here on: either the whole step is added or nothing.
      scannedTo = upTo;
      for (const event of events) {
        inStep.delete(event.id);
        const receivedMs = Number(toMicros(event.received) / 1000n);
        logTimeMs = Math.max(logTimeMs, receivedMs);
        deliverEarliestWhile((earliest) => earliest.receivedMs + maxWaitMs < logTimeMs);
        const predecessor = event.follows;
        const readMs = Date.now();
        const mayArrive = (id: string): boolean => {
          if (inStep.has(id) || buffer.has(id)) return true;
          const state = states.get(id) ?? 'NOT_COMING';
          return state === 'COMING' || (state === 'UNKNOWN' && receivedMs + maxWaitMs > readMs);
        };
        if (predecessor !== null && mayArrive(predecessor)) buffer.add({ event, predecessor, receivedMs, readMs });
        else deliver(event);
        deliverEarliestWhile(() => buffer.size > maxBufferedEvents);
      }
    },
    async releaseDue() {
      const now = Date.now();
      deliverEarliestWhile((each) => dueMs(each) <= now);
      if (buffer.size === 0 || scannedTo === lastCheck.upTo || performance.now() < lastCheck.at + recheckIntervalMs) return;
      const states = await predecessorStates(buffer.missingPredecessors(), scannedTo);
      lastCheck = { upTo: scannedTo, at: performance.now() };
      for (const [id, state] of states) {
        if (state === 'NOT_COMING') buffer.followersOf(id).forEach(deliverBuffered);
      }
    },
    releaseDueInMs() {
      const { earliest } = buffer;
      if (earliest === null) return null;
      const dueInMs = dueMs(earliest) - Date.now();
      return scannedTo > lastCheck.upTo ? Math.min(dueInMs, lastCheck.at + recheckIntervalMs - performance.now()) : dueInMs;
    },
    releaseAll: () => deliverEarliestWhile(() => true),
    dropReady: () => null, // it remembers what it has passed on
    take(limit) {
      const length = batchLength(ready, limit);
      if (length === 'MORE') return length;
      const events = ready.slice(0, length);
      ready = ready.slice(length);
      return events;
    },
    position() {
      const { earliest } = buffer;
      const undelivered = earliest === null ? ready : [...ready, earliest.event];
      return undelivered.map(positionBefore).reduce((least, each) => (each < least ? each : least), scannedTo);
    },
  };
}

/** COMING: stored ahead and matches. NOT_COMING: passed or not matching. UNKNOWN: not stored. */
type PredecessorState = 'COMING' | 'NOT_COMING' | 'UNKNOWN';

/** The number of delivered ids kept, so that recent predecessors need no lookup. */
const maxDeliveredIds = 1000;
/** About the bytes of these ids. */
export const causalOrderBytes = 256 * 1024;
/** While the log moves: how often to check for stored predecessors that do not match. */
const recheckIntervalMs = 1000;
