import { placeBefore, type Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { toMicros } from '../../event/instant.ts';
import { matches } from '../../filter/matches.ts';
import type { DeliveryOrder } from './delivery-order.ts';
import { HeldEvents, type Held, RecentIds } from './reorder-buffer.ts';

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

export interface CausalPatience {
  /** Milliseconds that an event is held after it was received. */
  readonly longestMs: number;
  /** Events held at once. */
  readonly most: number;
}

export const usualPatience: CausalPatience = { longestMs: 30_000, most: 10_000 };

export function inCausalOrder({ start, filter, eventsById }: CausalParts, { longestMs, most }: CausalPatience): DeliveryOrder {
  const held = new HeldEvents();
  const delivered = new RecentIds(remembered);
  let ready: StoredEvent[] = [];
  let looked = start;
  /** When the latest event that was added was received. */
  let logTime = 0;
  /** How far the log was looked at, and when, as absent leaders were last asked for. */
  let asked = { upTo: start, at: 0 };

  /** Makes an event ready, then what is held for it, then what is held for those. */
  const deliver = (event: StoredEvent): void => {
    const delivering = [event];
    for (const each of delivering) {
      delivered.add(each.id);
      for (const follower of held.followersOf(each.id)) {
        held.remove(follower);
        delivering.push(follower.event);
      }
    }
    ready.push(...delivering);
  };
  const deliverHeld = (each: Held): void => {
    held.remove(each);
    deliver(each.event);
  };
  /**
   * Delivers the earliest ones held, for as long as they should be, and leaders first where those should be too. They
   * were received about in the order in which they are held.
   */
  const deliverEarliest = (should: (each: Held) => boolean): void => {
    for (let next = held.earliest; next !== null && should(next); next = held.earliest) deliverHeld(held.foremost(next, should));
  };
  /** What is known of these leaders, none of which is held, when the log was looked at up to this place. */
  const outlooks = async (leaders: readonly string[], upTo: Position): Promise<ReadonlyMap<string, Outlook>> => {
    const found = leaders.length === 0 ? new Map<string, StoredEvent>() : await eventsById(leaders);
    return new Map(leaders.map((id) => [id, outlookFor(found.get(id), upTo)]));
  };
  const outlookFor = (leader: StoredEvent | undefined, upTo: Position): Outlook => {
    if (leader === undefined) return 'UNKNOWN';
    return leader.position > upTo && matches(filter, leader) ? 'COMING' : 'NOT_COMING';
  };
  const dueMs = ({ receivedMs, seenMs }: Held): number => Math.min(receivedMs, seenMs) + longestMs;

  return {
    get hasReady() {
      return ready.length > 0;
    },
    addNow: () => false,
    async add({ events, upTo }) {
      const inStep = new Set(events.map(({ id }) => id));
      const isNear = (id: string): boolean => inStep.has(id) || held.has(id) || delivered.has(id);
      const leaders = new Set(events.flatMap(({ follows }) => (follows === null || isNear(follows) ? [] : [follows])));
      const outlook = await outlooks([...leaders], upTo);
      // From here on nothing is awaited: the step is taken as a whole.
      looked = upTo;
      for (const event of events) {
        inStep.delete(event.id);
        const receivedMs = Number(toMicros(event.received) / 1000n);
        logTime = Math.max(logTime, receivedMs);
        deliverEarliest((earliest) => earliest.receivedMs + longestMs < logTime);
        const leader = event.follows;
        const seenMs = Date.now();
        const mayCome = (id: string): boolean => {
          if (inStep.has(id) || held.has(id)) return true;
          const known = outlook.get(id) ?? 'NOT_COMING';
          return known === 'COMING' || (known === 'UNKNOWN' && receivedMs + longestMs > seenMs);
        };
        if (leader !== null && mayCome(leader)) held.add({ event, leader, receivedMs, seenMs });
        else deliver(event);
        deliverEarliest(() => held.size > most);
      }
    },
    async settle() {
      const now = Date.now();
      deliverEarliest((each) => dueMs(each) <= now);
      if (held.size === 0 || looked === asked.upTo || performance.now() < asked.at + askAgainMs) return;
      const outlook = await outlooks(held.leadersAbsent(), looked);
      asked = { upTo: looked, at: performance.now() };
      for (const [id, known] of outlook) {
        if (known === 'NOT_COMING') held.followersOf(id).forEach(deliverHeld);
      }
    },
    settleIn() {
      const { earliest } = held;
      if (earliest === null) return null;
      const dueIn = dueMs(earliest) - Date.now();
      return looked > asked.upTo ? Math.min(dueIn, asked.at + askAgainMs - performance.now()) : dueIn;
    },
    release: () => deliverEarliest(() => true),
    take(limit) {
      const events = ready.slice(0, limit);
      ready = ready.slice(limit);
      return events;
    },
    place() {
      const { earliest } = held;
      const waiting = earliest === null ? ready : [...ready, earliest.event];
      return waiting.map(placeBefore).reduce((least, each) => (each < least ? each : least), looked);
    },
  };
}

/** Whether a leader will be passed: it is stored, and lies ahead and matches, or not; or it is not stored yet. */
type Outlook = 'COMING' | 'NOT_COMING' | 'UNKNOWN';

/** Ids remembered, so that leaders which were just delivered need not be looked up. */
const remembered = 10_000;
/** How often to ask again, while the log moves, whether leaders have come that do not match. */
const askAgainMs = 1000;
