import { passing, type Fleet } from './fleet.ts';
import type { FollowerPlan, Leg } from './follower-plan.ts';
import { notBefore, placeOf } from './position.ts';
import type { Removal } from './retention.ts';
import { Session } from './session.ts';
import type { Tally } from './stats.ts';
import { openWire, type Ending, type Wire } from './wire.ts';

/** A client that follows a filter, loses its connections, and goes on from cursors that it holds. */
export interface Follower {
  readonly plan: FollowerPlan;
  readonly sessions: readonly Session[];
  /** Where it started; null: it never came so far as to know. */
  readonly start: string | null;
  /** Lives as planned until `over` aborts. */
  live(over: AbortSignal): Promise<void>;
  /** Goes on until everything up to a place is delivered, so many events in all for those after the start that are kept. Resolves with what went wrong, or null. */
  finish(until: string, events: number): Promise<string | null>;
  /** Goes on from its start, as it was left by the latest session. */
  readonly list: readonly { readonly id: string; readonly place: number }[];
}

export interface FollowerParts {
  readonly fleet: Fleet;
  readonly tally: Tally;
  /** A place to start from; null: the head. */
  readonly start: string | null;
  readonly removal: Removal;
}

export function createFollower(plan: FollowerPlan, { fleet, tally, removal, start: given }: FollowerParts): Follower {
  const sessions: Session[] = [];
  let start = given;
  /** What was delivered before the session that is open, and is not delivered again after its start. */
  let kept: { readonly id: string; readonly place: number }[] = [];

  /** The cursors that came with those, to go on from. */
  let held: string[] = given === null ? [] : [given];

  /** Where to go on after what came next had been removed; null: after what was delivered. */
  let resumeAt: string | null = null;

  const latest = (): Session | undefined => sessions.at(-1);
  const list = () => [...kept, ...(latest()?.said.flatMap(({ deliveries }) => deliveries) ?? [])];
  /** Opens the next session: after the last cursor, or after one held before, forgetting what came behind it. */
  const open = (server: number, goOnFrom: number | null, until: string | null): { readonly wire: Wire; readonly session: Session } => {
    const all = list();
    const session = latest();
    held.push(...(session === undefined ? [] : cursorsOf(session)));
    const last = resumeAt ?? session?.cursor ?? start;
    resumeAt = null;
    const from = goOnFrom === null ? last : (held[Math.floor(goOnFrom * held.length)] ?? last);
    kept = from === null ? [] : all.filter(({ place }) => place <= placeOf(from));
    held = from === null ? [] : held.filter((cursor) => placeOf(cursor) <= placeOf(from));
    if (sessions.length > 0) tally.add('reconnects');
    return begin(server, from, until);
  };
  const begin = (server: number, from: string | null, until: string | null) => {
    const session = new Session(plan.source, from, tally);
    sessions.push(session);
    const wire = openWire(fleet.url(server), subscriptionOf(plan, from, until), (data) => {
      session.hear(data);
      start ??= session.from;
    });
    return { wire, session };
  };

  /** Begins again behind what was removed. Right only where something was removed after the last cursor; never said by streams. */
  const expire = async ({ source, cursor }: Session): Promise<string | null> => {
    if (source !== 'EVENTS' || cursor === null) return 'a stream ended with CURSOR_EXPIRED';
    const gone = await removal.upTo();
    if (placeOf(cursor) >= gone) return `CURSOR_EXPIRED after ${cursor}, but events were removed up to ${gone} only`;
    tally.add('expiries');
    resumeAt = notBefore(cursor, gone);
    return null;
  };

  const liveLeg = async ({ server, lastsMs, stall, ending, goOnFrom }: Leg, over: AbortSignal): Promise<void> => {
    const { wire, session } = open(server, goOnFrom, null);
    const ended = wire.ended.then(async (how) => {
      const problem = isExpiry(how) ? await expire(session) : problemOf(how);
      if (problem !== null) session.problems.push(problem);
      return how;
    });
    const wait = (ms: number): Promise<unknown> => Promise.race([ended, passing(ms), aborted(over)]);
    if (stall === null) {
      await wait(lastsMs);
    } else {
      await wait(stall.afterMs);
      wire.pause();
      tally.add('stalls');
      await passing(stall.ms);
      wire.resume();
      await wait(lastsMs - stall.afterMs);
    }
    if (ending === 'DROP') wire.drop();
    else if (ending === 'CLOSE') wire.close();
    else wire.complete();
    tally.add('drops');
    await ended;
    if (session.said.length === 0) await passing(50); // the server is away
  };

  return {
    plan,
    sessions,
    get start() {
      return start;
    },
    get list() {
      return list();
    },
    async live(over) {
      await Promise.race([passing(plan.beginsMs), aborted(over)]);
      for (let leg = 0; !over.aborted; leg += 1) await liveLeg(plan.legs[leg % plan.legs.length]!, over);
    },
    async finish(until, events) {
      // By `until` the server says itself that it is done; else the follower must have got everything, and nothing more.
      const asked = plan.source !== 'EVENTS' && (plan.source === 'CAUSAL' || plan.batchSize !== 100);
      const gone = await removal.upTo();
      let { wire, session } = open(plan.legs[0]!.server, null, asked ? until : null);
      let had = -1;
      let began = performance.now();
      try {
        for (;;) {
          const ended: Ending | null = await Promise.race([wire.ended, passing(asked ? stuckMs : 50).then(() => null)]);
          if (ended?.kind === 'COMPLETED' && asked) return null;
          if (ended !== null && isExpiry(ended)) {
            const problem = await expire(session);
            if (problem !== null) return problem;
            wire.drop();
            ({ wire, session } = open(plan.legs[0]!.server, null, asked ? until : null));
            continue;
          }
          if (ended !== null) return `the last session ended: ${JSON.stringify(ended)}`;
          const now = list().filter(({ place }) => place > gone).length;
          if (!asked && now >= events) {
            return (await wire.answers()) ? null : 'the last session ended before its socket answered';
          }
          if (session.said.length === had && performance.now() - began > stuckMs) return `it is stuck at ${now} of ${events} events`;
          if (session.said.length !== had) began = performance.now();
          had = session.said.length;
        }
      } finally {
        wire.drop();
      }
    },
  };
}

/** Every cursor to go on from: in causal order those of messages only. */
function cursorsOf({ source, said }: Session): readonly string[] {
  return said.flatMap(({ cursor, deliveries }) => (source === 'STREAM' ? [...deliveries.map((each) => each.cursor), cursor] : [cursor]));
}

function isExpiry(how: Ending): boolean {
  return how.kind === 'FAILED' && how.errors.every((error) => error.extensions?.code === 'CURSOR_EXPIRED');
}

/** An ending that a client which only reads must never see. */
function problemOf(how: Ending): string | null {
  switch (how.kind) {
    case 'COMPLETED':
      return 'the server completed a subscription that has no end';
    case 'CLOSED':
      return fatalCodes.has(how.code) ? `the socket was closed with ${how.code}, upon which clients give up` : null;
    case 'FAILED':
      return how.errors.every((error) => error.extensions?.code === 'UNAVAILABLE') ? null : `errors: ${JSON.stringify(how.errors)}`;
    default:
      return how satisfies never;
  }
}

function subscriptionOf({ source, filter, batchSize, selection }: FollowerPlan, after: string | null, until: string | null) {
  const event = `id cursor followsId ${selection}`;
  if (source === 'EVENTS') {
    const query = `subscription ($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { ${event} } }`;
    return { query, variables: { filter, after } };
  }
  const query = `subscription ($filter: EventFilter, $after: Cursor, $until: Cursor, $batchSize: Int, $order: StreamOrder) {
    eventStream(filter: $filter, after: $after, until: $until, batchSize: $batchSize, order: $order) { kind: __typename
      ... on EventBatch { previous cursor events { ${event} } } ... on CaughtUp { cursor } ... on Checkpoint { cursor }
      ... on FellBehind { cursor head } ... on Gap { from to reason } } }`;
  return { query, variables: { filter, after, until, batchSize, order: source === 'CAUSAL' ? 'CAUSAL' : 'LOG' } };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Those upon which the stock client does not connect again. */
const fatalCodes: ReadonlySet<number> = new Set([1002, 1007, 1008, 1009, 1011, 4400, 4401, 4429, 4500]);
/** Without a message, while there should be one. */
const stuckMs = 60_000;
