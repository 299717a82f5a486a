import { positionBefore, type Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { toMicros } from '../../event/instant.ts';
import { matches } from '../../filter/matches.ts';
import { batchLength } from './batch-limit.ts';
import type { DeliveryOrder } from './delivery-order.ts';
import { ReorderBuffer, type BufferedEvent, RecentIds } from './reorder-buffer.ts';

/**
 * Causal order: an event whose `follows` names an event that matches, its leader, is held until that one is delivered.
 *
 * Assumes: steps that pass every matching event once, in log order. Promises: a leader comes before its followers, unless
 * it comes later than `longestMs` after the follower was received, or more than `most` events are held; then the one held
 * for longest goes first. While the log is read, time is that of the events read, so that history is delivered as it
 * would have been live; at the head it is the clock's. An event is not held for a leader that was passed (it is delivered,
 * does not match, or lies before the start), that is stored and does not match, or that it is itself. Those that follow
 * each other in a circle are held until the time of the first is over.
 *
 * `place` lies before the earliest event that is held or not taken: whoever goes on from there loses nothing, but gets
 * again what was delivered ahead of that event. When nothing is held, nothing comes again.
 */
export interface CausalParts {
  readonly start: Position;
  readonly filter: Condition;
  /** Finds those of these events that are stored, by id. */
  readonly eventsById: (ids: readonly string[]) => Promise<ReadonlyMap<string, StoredEvent>>;
}

export interface WaitLimits {
  /** Milliseconds that an event is held after it was received. */
  readonly maxWaitMs: number;
  /** Events held at once. */
  readonly maxBufferedEvents: number;
}

export const defaultWaitLimits: WaitLimits = { maxWaitMs: 30_000, maxBufferedEvents: 10_000 };

export function inCausalOrder({ start, filter, eventsById }: CausalParts, { maxWaitMs, maxBufferedEvents }: WaitLimits): DeliveryOrder {
  const buffer = new ReorderBuffer();
  const delivered = new RecentIds(maxDeliveredIds);
  let ready: StoredEvent[] = [];
  let scannedTo = start;
  /** When the latest event that was added was received. */
  let logTimeMs = 0;
  /** How far the log was looked at, and when, as absent leaders were last asked for. */
  let lastCheck = { upTo: start, at: 0 };

  /** Makes an event ready, then what is held for it, then what is held for those. */
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
   * Delivers the earliest ones held, for as long as they should be, and leaders first where those should be too. They
   * were received about in the order in which they are held.
   */
  const deliverEarliestWhile = (shouldDeliver: (each: BufferedEvent) => boolean): void => {
    for (let next = buffer.earliest; next !== null && shouldDeliver(next); next = buffer.earliest)
      deliverBuffered(buffer.firstOfChain(next, shouldDeliver));
  };
  /** What is known of these leaders, none of which is held, when the log was looked at up to this place. */
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
      // From here on nothing is awaited: the step is taken as a whole.
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
    take(limit) {
      const length = batchLength(ready, limit);
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

/** Whether a leader will be passed: it is stored, and lies ahead and matches, or not; or it is not stored yet. */
type PredecessorState = 'COMING' | 'NOT_COMING' | 'UNKNOWN';

/** Ids remembered, so that leaders which were just delivered need not be looked up. */
const maxDeliveredIds = 10_000;
/** How often to ask again, while the log moves, whether leaders have come that do not match. */
const recheckIntervalMs = 1000;
