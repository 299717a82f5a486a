import { WebSocket } from 'ws';
import { createTidings, type Gap, type ReceivedEvent, type StreamState } from '../../src/client/tidings-client.ts';
import { sleep } from '../../src/concurrency/sleep.ts';
import type { FollowerPlan } from '../oracle/follower-plan.ts';
import type { Follower, FollowerParts } from '../oracle/follower.ts';
import { positionOf } from '../oracle/position.ts';
import { Session } from '../oracle/session.ts';
import { createChangingKey } from './changing-key.ts';

/**
 * A follower that is one loop of the client package, over SSE or WebSocket. After each planned
 * connection its network is cut, and leads to another server, or its key is revoked. Its keys also
 * expire. Its body stalls as planned.
 */
export function createClientFollower(plan: FollowerPlan, { fleet, stats, start }: FollowerParts): Follower {
  const session = new Session('CLIENT', start, stats);
  const keys = createChangingKey(plan, fleet, stats);
  let server = plan.connections[0]!.server;
  let stall: Promise<void> = Promise.resolve();
  const cuts = new Set<() => void>();
  const address = (): string => `${fleet.url(server)}/graphql`;
  class CutSocket extends WebSocket {
    constructor(_url: string, protocol: string) {
      super(address().replace('http', 'ws'), protocol);
      const cut = (): void => this.terminate();
      cuts.add(cut);
      this.on('close', () => cuts.delete(cut));
    }
  }
  const cutFetch: typeof fetch = (_url, init) => {
    const network = new AbortController();
    const cut = (): void => network.abort();
    cuts.add(cut);
    init?.signal?.addEventListener('abort', cut);
    return fetch(address(), { ...init, signal: network.signal });
  };
  const tidings = createTidings(fleet.url(0), {
    fetch: cutFetch,
    ...(plan.batchSize % 2 === 0 && { webSocket: CutSocket }),
    retry: { minMs: 50, maxMs: 500 },
    key: keys.key,
  });
  const add = ({ id, cursor }: ReceivedEvent): void => {
    const position = positionOf(cursor);
    session.messages.push({ kind: 'event', deliveries: [{ id, cursor, position, follows: null }], cursor, position });
    stats.add('deliveries');
  };
  const addGap = ({ from, to, reason }: Gap): void => {
    const gap = { from: positionOf(from), to: positionOf(to) };
    if (reason !== 'RETENTION' || gap.from < positionOf(session.cursor ?? from)) session.problems.push(`a gap from ${from}, ${reason}`);
    session.gaps.push(gap);
    session.messages.push({ kind: 'Gap', deliveries: [], cursor: to, position: gap.to });
    stats.add('client gaps');
  };
  const filter = plan.filter ?? {};
  let cursor = start;
  /** Since the latest key was revoked. */
  let isAccepted = false;

  const loop = async (signal: AbortSignal): Promise<void> => {
    const onState = ({ is }: StreamState): void => void (isAccepted ||= is === 'live' || is === 'catching-up');
    const select = `id cursor ${plan.selection}`;
    const stream = tidings.events(filter, { after: cursor ?? 'now', signal, onGap: addGap, onState, select });
    for await (const event of stream) {
      add(event);
      await stall;
      if (signal.aborted) {
        cursor = event.cursor;
        return;
      }
    }
    cursor = stream.cursor ?? cursor;
  };
  return {
    plan,
    get list() {
      return session.messages.flatMap(({ deliveries }) => deliveries);
    },
    sessions: [session],
    start,
    async run(signal) {
      const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      const following = loop(signal).catch((error: unknown) => void session.problems.push(`the loop ended: ${String(error)}`));
      for (let index = 0; !signal.aborted; index += 1) {
        const connection = plan.connections[index % plan.connections.length]!;
        if (connection.stall !== null) {
          stall = sleep(connection.stall.ms);
          stats.add('stalls');
        }
        await Promise.race([ended, sleep(connection.durationMs)]);
        server = connection.server;
        // A client that was never accepted ends when its second key is rejected too.
        if (connection.ending === 'CLOSE' && isAccepted) {
          isAccepted = false;
          await keys.revoke();
          continue;
        }
        for (const cut of cuts) cut();
        cuts.clear();
        stats.add('client cuts');
      }
      await following;
      await keys.finish();
    },
    async finish(until) {
      try {
        for await (const message of tidings.stream(filter, { after: cursor ?? until, until, select: `id cursor ${plan.selection}` })) {
          if ('events' in message) message.events.forEach(add);
          if ('reason' in message) addGap(message);
        }
        return null;
      } catch (error) {
        return String(error);
      } finally {
        await tidings.close();
      }
    },
  };
}
