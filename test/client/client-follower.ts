import { WebSocket } from 'ws';
import { createTidings, type ReceivedEvent } from '../../src/client/tidings-client.ts';
import { sleep } from '../oracle/fleet.ts';
import type { FollowerPlan } from '../oracle/follower-plan.ts';
import type { Follower, FollowerParts } from '../oracle/follower.ts';
import { positionOf } from '../oracle/position.ts';

/**
 * A follower that is one loop of the client package, over SSE or WebSocket. Its network is cut, and
 * leads to another server, after each planned connection; its body stalls as planned.
 */
export function createClientFollower(plan: FollowerPlan, { fleet, stats, start }: FollowerParts): Follower {
  const list: { readonly id: string; readonly position: number }[] = [];
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
  });
  const add = ({ id, cursor }: ReceivedEvent): void => {
    list.push({ id, position: positionOf(cursor) });
    stats.add('deliveries');
  };
  const filter = plan.filter ?? {};
  let cursor = start;

  const loop = async (signal: AbortSignal): Promise<void> => {
    const stream = tidings.events(filter, { after: cursor ?? 'now', signal, onGap: 'continue', select: `id cursor ${plan.selection}` });
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
    list,
    sessions: [],
    start,
    async run(signal) {
      const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      const following = loop(signal);
      for (let index = 0; !signal.aborted; index += 1) {
        const connection = plan.connections[index % plan.connections.length]!;
        if (connection.stall !== null) {
          stall = sleep(connection.stall.ms);
          stats.add('stalls');
        }
        await Promise.race([ended, sleep(connection.durationMs)]);
        server = connection.server;
        for (const cut of cuts) cut();
        cuts.clear();
        stats.add('client cuts');
      }
      await following;
    },
    async finish(until) {
      try {
        for await (const message of tidings.stream(filter, { after: cursor ?? until, until, select: `id cursor ${plan.selection}` })) {
          if ('events' in message) message.events.forEach(add);
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
