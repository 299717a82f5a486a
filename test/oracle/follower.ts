import { sleep } from '../../src/concurrency/sleep.ts';
import type { Fleet } from './fleet.ts';
import type { FollowerPlan, ConnectionPlan } from './follower-plan.ts';
import { notBefore, positionOf } from './position.ts';
import type { Retention } from './retention.ts';
import { Session } from './session.ts';
import type { RunStats } from './stats.ts';
import { openEventStreamWire } from './wires/event-stream-wire.ts';
import { openWire, type DataListener, type Ending, type Subscription, type Wire } from './wires/wire.ts';

/**
 * A client that subscribes with a filter, loses its connections, and resumes from received cursors.
 */
export interface Follower {
  readonly plan: FollowerPlan;
  readonly sessions: readonly Session[];
  /** The cursor of its start; null: no message has reported it yet. */
  readonly start: string | null;
  /** Runs the planned connections until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Continues until everything up to a cursor is delivered: `events` of those after the start that
   * are still stored. Resolves with the problem, or null.
   */
  finish(until: string, events: number): Promise<string | null>;
  /**
   * The events delivered since its start, as a client that resumed has them after the latest
   * session.
   */
  readonly list: readonly { readonly id: string; readonly position: number }[];
}

export interface FollowerParts {
  readonly fleet: Fleet;
  readonly stats: RunStats;
  /** The cursor to start from; null: the head. */
  readonly start: string | null;
  readonly retention: Retention;
}

export function createFollower(plan: FollowerPlan, { fleet, stats, retention, start: given }: FollowerParts): Follower {
  const sessions: Session[] = [];
  let start = given;
  /** Events delivered before the open session, and not again by it. */
  let deliveredBefore: { readonly id: string; readonly position: number }[] = [];
  /** The cursors received with them, from which a session can resume. */
  let resumeCursors: string[] = given === null ? [] : [given];
  /**
   * The cursor to resume from after retention removed the next events; null: the last one
   * delivered.
   */
  let resumeAt: string | null = null;

  const latest = (): Session | undefined => sessions.at(-1);
  const list = () => [...deliveredBefore, ...(latest()?.messages.flatMap(({ deliveries }) => deliveries) ?? [])];
  /**
   * Opens the next session after the last cursor, or after an earlier one; then it drops the events
   * after that.
   */
  const openSession = <W extends Wire>(
    open: OpenWire<W>,
    { server, resumeFrom }: Pick<ConnectionPlan, 'server' | 'resumeFrom'>,
    until: string | null,
  ): { readonly wire: W; readonly session: Session } => {
    const all = list();
    const session = latest();
    resumeCursors.push(...(session === undefined ? [] : cursorsOf(session)));
    const last = resumeAt ?? session?.cursor ?? start;
    resumeAt = null;
    const from = resumeFrom === null ? last : (resumeCursors[Math.floor(resumeFrom * resumeCursors.length)] ?? last);
    deliveredBefore = from === null ? [] : all.filter(({ position }) => position <= positionOf(from));
    resumeCursors = from === null ? [] : resumeCursors.filter((cursor) => positionOf(cursor) <= positionOf(from));
    if (sessions.length > 0) stats.add('reconnects');
    return startSession(open, server, subscriptionOf(plan, from, until));
  };
  const startSession = <W extends Wire>(open: OpenWire<W>, server: number, subscription: EventSubscription) => {
    const session = new Session(plan.source, subscription.variables.after, stats);
    sessions.push(session);
    const wire = open(fleet.url(server), subscription, (data, id) => {
      session.receive(data, id);
      start ??= session.from;
    });
    return { wire, session };
  };

  /**
   * Resumes at the start of the log. Correct only if events after the last cursor were removed.
   * Streams never report CURSOR_EXPIRED.
   */
  const resumeAfterRetention = async ({ source, cursor }: Session): Promise<string | null> => {
    if (source !== 'EVENTS' || cursor === null) return 'a stream ended with CURSOR_EXPIRED';
    const logStart = await retention.logStart();
    if (positionOf(cursor) >= logStart) return `CURSOR_EXPIRED after ${cursor}, but events were removed up to ${logStart} only`;
    stats.add('expiries');
    resumeAt = notBefore(cursor, logStart);
    return null;
  };

  const runConnection = async (connection: ConnectionPlan, signal: AbortSignal): Promise<void> => {
    const { transport, durationMs, stall, ending } = connection;
    const { wire, session } = openSession(transports[transport], connection, null);
    const ended = wire.ended.then(async (how) => {
      const problem = isExpiry(how) ? await resumeAfterRetention(session) : problemOf(how);
      if (problem !== null) session.problems.push(problem);
      return how;
    });
    const wait = (ms: number): Promise<unknown> => Promise.race([ended, sleep(ms, signal)]);
    if (stall === null) {
      await wait(durationMs);
    } else {
      await wait(stall.afterMs);
      wire.pause();
      stats.add('stalls');
      await sleep(stall.ms);
      wire.resume();
      await wait(durationMs - stall.afterMs);
    }
    if (ending === 'DROP') wire.drop();
    else if (ending === 'CLOSE') wire.close();
    else wire.complete();
    stats.add('drops');
    await ended;
    if (session.messages.length === 0) await sleep(50); // the server is down
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
    async run(signal) {
      await sleep(plan.startDelayMs, signal);
      for (let index = 0; !signal.aborted; index += 1) await runConnection(plan.connections[index % plan.connections.length]!, signal);
    },
    async finish(until, events) {
      // With `until` the server completes the stream. Else the follower must have received every
      // event, and no other.
      const hasUntil = plan.source !== 'EVENTS' && (plan.source === 'CAUSAL' || plan.batchSize !== 100);
      const logStart = await retention.logStart();
      const last = { ...plan.connections[0]!, resumeFrom: null };
      let { wire, session } = openSession(openWire, last, hasUntil ? until : null);
      let messageCount = -1;
      let began = performance.now();
      try {
        for (;;) {
          const ended: Ending | null = await Promise.race([wire.ended, sleep(hasUntil ? stuckMs : 50).then(() => null)]);
          if (ended?.kind === 'COMPLETED' && hasUntil) return null;
          if (ended !== null && isExpiry(ended)) {
            const problem = await resumeAfterRetention(session);
            if (problem !== null) return problem;
            wire.drop();
            ({ wire, session } = openSession(openWire, last, hasUntil ? until : null));
            continue;
          }
          if (ended !== null) return `the last session ended: ${JSON.stringify(ended)}`;
          const deliveredCount = list().filter(({ position }) => position > logStart).length;
          if (!hasUntil && deliveredCount >= events) {
            if (await wire.roundTrip()) return null;
            continue; // it ended: why, the loop finds out
          }
          if (session.messages.length === messageCount && performance.now() - began > stuckMs)
            return `no message for too long, at ${deliveredCount} of ${events} events`;
          if (session.messages.length !== messageCount) began = performance.now();
          messageCount = session.messages.length;
        }
      } finally {
        wire.drop();
      }
    },
  };
}

/** Every cursor to resume from: in causal order those of messages only. */
function cursorsOf({ source, messages }: Session): readonly string[] {
  return messages.flatMap(({ cursor, deliveries }) =>
    source === 'STREAM' ? [...deliveries.map((each) => each.cursor), cursor] : [cursor],
  );
}

function isExpiry(ending: Ending): boolean {
  return ending.kind === 'FAILED' && ending.errors.every((error) => error.extensions?.code === 'CURSOR_EXPIRED');
}

/** Describes an ending that a correct server never causes; null if the ending is allowed. */
function problemOf(ending: Ending): string | null {
  switch (ending.kind) {
    case 'COMPLETED':
      return 'the server completed a subscription that has no end';
    case 'CLOSED':
      return fatalCodes.has(ending.code) ? `the socket was closed with ${ending.code}, after which clients do not reconnect` : null;
    case 'FAILED':
      return ending.errors.every((error) => error.extensions?.code === 'UNAVAILABLE') ? null : `errors: ${JSON.stringify(ending.errors)}`;
    case 'INCOMPLETE':
      return `a message with errors: ${JSON.stringify(ending.errors)}`;
    default:
      return ending satisfies never;
  }
}

type OpenWire<W extends Wire> = (url: string, subscription: EventSubscription, onData: DataListener) => W;

interface EventSubscription extends Subscription {
  readonly variables: Subscription['variables'] & { readonly after: string | null };
}

const transports: Readonly<Record<ConnectionPlan['transport'], OpenWire<Wire>>> = {
  WEBSOCKET: openWire,
  EVENT_STREAM: openEventStreamWire,
  RESUMED_STREAM: (url, { query, variables: { after, ...variables } }, onData) =>
    openEventStreamWire(url, { query, variables, ...(after !== null && { lastEventId: after }) }, onData),
};

function subscriptionOf(
  { source, filter, batchSize, selection }: FollowerPlan,
  after: string | null,
  until: string | null,
): EventSubscription {
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

/** Close codes after which graphql-ws does not reconnect. */
const fatalCodes: ReadonlySet<number> = new Set([1002, 1007, 1008, 1009, 1011, 4400, 4401, 4429, 4500]);
/** Maximum time between messages while some are due. */
const stuckMs = 60_000;
