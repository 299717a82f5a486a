import type { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { setTimeout as pause } from 'node:timers/promises';
import { numberedEvents, type BenchEvent } from '../load/emitting.ts';
import { quantile } from '../load/program.ts';
import { idOf, type Emitter, type Peer } from './servers/peer.ts';

export interface LiveCase {
  readonly name: string;
  /**
   * Prepares a peer. The returned function measures once, by the way of asking; '' is the only way.
   * What must be closed before the peer goes on the stack.
   */
  readonly measure: (peer: Peer, stack: AsyncDisposableStack) => Promise<() => Promise<Measured>>;
}

type Measured = Readonly<Record<string, Readonly<Record<string, number>>>>;

export function liveCases({ seconds, events }: { readonly seconds: number; readonly events: number }): readonly LiveCase[] {
  return [
    ...[1, 8, 64].map((clients) => ({ name: `emit 1x${clients}`, measure: emission(clients, seconds) })),
    { name: `resume ${events.toLocaleString('en')} events`, measure: resume(events) },
    { name: 'latency at 200/s, 1,000 subscriptions of which ten match', measure: latency(seconds) },
    { name: 'fan-out to 1,000 sockets', measure: fanOut(seconds) },
  ];
}

/** V8 compiles what a request runs within some thousand requests; servers run for days. */
const warmUpSeconds = 8;

/** Each client emits one event after the other. */
function emission(clients: number, seconds: number): LiveCase['measure'] {
  return async (peer) => {
    const next = eventSource();
    const run = async (during: number): Promise<{ perSecond: number; µs: number }> => {
      const emitters = await Promise.all(Array.from({ length: clients }, () => peer.openEmitter()));
      const before = peer.processorSeconds();
      const began = performance.now();
      let emitted = 0;
      await Promise.all(
        emitters.map(async (emitter) => {
          while (performance.now() - began < during * 1000) {
            await emitter.emit([next()]);
            emitted += 1;
          }
        }),
      );
      const took = (performance.now() - began) / 1000;
      const used = peer.processorSeconds() - before;
      for (const emitter of emitters) emitter[Symbol.dispose]();
      return { perSecond: emitted / took, µs: (used * 1e6) / emitted };
    };
    await run(warmUpSeconds);
    return async () => ({ '': await run(seconds) });
  };
}

/** Reads all events from the first. */
function resume(count: number): LiveCase['measure'] {
  return async (peer) => {
    const next = eventSource();
    await peer.fill(Array.from({ length: count }, next));
    return async () => {
      const found: Record<string, Record<string, number>> = {};
      for (const [way, read] of Object.entries(peer.resume)) {
        const before = peer.processorSeconds();
        const began = performance.now();
        const got = await read(count);
        if (got !== count) throw new Error(`${peer.name}: expected ${count} events, got ${got}`);
        found[way] = { ms: performance.now() - began, µs: ((peer.processorSeconds() - before) * 1e6) / count };
      }
      return found;
    };
  };
}

const things = 100;

/** From the request to a client's message. Ten sockets each subscribe to each of 100 things. */
function latency(seconds: number): LiveCase['measure'] {
  return async (peer, stack) => {
    const sockets = 10;
    const perSecond = 200;
    let made = 0;
    const nextThing = (): BenchEvent => smallEvent(made, `bench.thing.${made++ % things}`);
    const sent: number[] = [];
    let times: number[] = [];
    const ready = arrivals(sockets * things);
    const onEvent = (socket: number, event: number): void => {
      ready.add(socket * things + (event % things));
      if (sent[event] !== undefined) times.push(performance.now() - sent[event]);
    };
    stack.use(await peer.subscribe({ sockets, things, onEvent }));
    const emitters = await Promise.all(Array.from({ length: 32 }, async () => stack.use(await peer.openEmitter())));
    await untilAll(ready, async () => emitters[0]!.emit(Array.from({ length: things }, nextThing)));
    return async () => {
      const free: Emitter[] = [...emitters];
      const warm = 2 * perSecond;
      const count = seconds * perSecond + warm;
      const pending: Promise<void>[] = [];
      let before = 0;
      const began = performance.now();
      for (let n = 0; n < count; n += 1) {
        while (performance.now() < began + (n * 1000) / perSecond || free.length === 0) await pause(1);
        if (n === warm) [times, before] = [[], peer.processorSeconds()];
        const event = nextThing();
        const emitter = free.shift()!;
        sent[made - 1] = performance.now();
        pending.push(emitter.emit([event]).then(() => void free.push(emitter)));
      }
      await Promise.all(pending);
      // Late messages of the warm-up are counted too, so there are at least these.
      for (const since = performance.now(); times.length < (count - warm) * sockets; await pause(5)) {
        if (performance.now() - since > maxWaitMs) throw new Error(`${peer.name}: ${times.length} messages arrived`);
      }
      const used = peer.processorSeconds() - before;
      return { '': { p50: quantile(times, 0.5), p99: quantile(times, 0.99), µs: (used * 1e6) / (count - warm) } };
    };
  };
}

/** Batches of 20 events to every socket for some seconds, at most two batches ahead of delivery. */
function fanOut(seconds: number): LiveCase['measure'] {
  return async (peer, stack) => {
    const sockets = 1000;
    const batch = 20;
    let made = 0;
    const next = (): BenchEvent => smallEvent(made++, 'bench.other');
    let arrived = 0;
    const ready = arrivals(sockets);
    const onEvent = (socket: number): void => {
      ready.add(socket);
      arrived += 1;
    };
    stack.use(await peer.subscribe({ sockets, things: 0, onEvent }));
    const emitter = stack.use(await peer.openEmitter());
    await untilAll(ready, () => emitter.emit([next()]));
    const reached = async (messages: number): Promise<void> => {
      for (const since = performance.now(); arrived < messages; await pause(1)) {
        if (performance.now() - since > maxWaitMs) throw new Error(`${peer.name}: expected ${messages} messages, got ${arrived}`);
      }
    };
    return async () => {
      await settled(() => arrived);
      const first = arrived;
      const before = peer.processorSeconds();
      const began = performance.now();
      let emitted = 0;
      while (performance.now() - began < seconds * 1000) {
        await reached(first + (emitted - batch) * sockets);
        await emitter.emit(Array.from({ length: batch }, next));
        emitted += batch;
      }
      const messages = emitted * sockets;
      await reached(first + messages);
      const took = (performance.now() - began) / 1000;
      return { '': { perSecond: messages / took, µs: ((peer.processorSeconds() - before) * 1e6) / messages } };
    };
  };
}

/** Events of the workload with numbers that go on, about 1 KB each. */
function eventSource(): () => BenchEvent {
  const events = numberedEvents(5000, 'bench');
  let made = 0;
  return () => ({ ...events[made % events.length]!, id: idOf(made++) });
}

/** A message of about the same size for every peer, whether it sends the event or a selection. */
function smallEvent(n: number, resourceId: string): BenchEvent {
  return { id: idOf(n), event: 'bench.thing.changed', resource: { id: resourceId }, payload: { from: 'PENDING', to: 'RUNNING', count: n } };
}

interface Arrivals {
  add(subscription: number): void;
  readonly complete: boolean;
}

function arrivals(count: number): Arrivals {
  const seen = new Set<number>();
  return {
    add: (subscription) => void (seen.size < count && seen.add(subscription)),
    get complete() {
      return seen.size === count;
    },
  };
}

/** Emits until every subscription has received an event: then the server has them all. */
async function untilAll(ready: Arrivals, emit: () => Promise<void>): Promise<void> {
  for (const since = performance.now(); !ready.complete; await pause(200)) {
    if (performance.now() - since > maxWaitMs) throw new Error('not every subscription receives events');
    await emit();
  }
}

/** Waits until a count no longer changes. */
async function settled(count: () => number): Promise<void> {
  for (let before = -1; before !== count(); await pause(500)) before = count();
}

const maxWaitMs = 60_000;
