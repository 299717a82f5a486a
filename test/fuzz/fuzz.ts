import { setTimeout as pause } from 'node:timers/promises';
import { randomOf } from '../oracle/random.ts';
import { startInspected } from '../support/server-memory.ts';
import { post } from '../support/test-server.ts';
import { probes } from './probes.ts';

export interface FuzzPlan {
  readonly seed: number;
  readonly seconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

/**
 * Sends mangled messages to a server's endpoints for a time. Each probe depends on the seed and its
 * number only. Throws if the server exits, responds with a status of 500 or with internals, meets a
 * bug, keeps memory or connections, or does not work afterwards.
 */
export async function fuzz({ seed, seconds, environment, log }: FuzzPlan): Promise<void> {
  log(`fuzz: seed ${seed}, ${seconds} s`);
  await using server = await startInspected(environment);
  const names = Object.keys(probes);
  const responses = new Map<string, number>();
  let next = 0;
  const probe = async (until: number): Promise<void> => {
    while (performance.now() < until) {
      const number = (next += 1);
      const random = randomOf(seed, number);
      const probeName = random.pick(names);
      const response = await probes[probeName]!(server.url, random);
      const leak = /\b(INTERNAL_SERVER_ERROR|node_modules|at \w+ \(|Internal server error)|^5(?!03)\d\d |^HTTP\/1\.1 5(?!03)\d\d/.exec(
        response,
      );
      if (leak !== null)
        throw new Error(`seed ${seed}, probe ${number} (${probeName}): ${response.slice(Math.max(0, leak.index - 200), leak.index + 800)}`);
      if (server.child.exitCode !== null)
        throw new Error(`seed ${seed}, probe ${number} (${probeName}): the server ended with ${server.child.exitCode}`);
      const kind = `${probeName} ${/^(?:HTTP\/1\.1 )?(\d{3})|"type":"(\w+)"/.exec(response)?.slice(1).find(Boolean) ?? (response === '' ? 'closed' : response.slice(0, 20))}`;
      responses.set(kind, (responses.get(kind) ?? 0) + 1);
    }
  };
  const round = async (length: number): Promise<void> => {
    const until = performance.now() + length * 1000;
    await Promise.all(Array.from({ length: 6 }, () => probe(until)));
  };
  // Fills caches and loads code, so that the second round shows growth.
  await round(seconds / 3);
  const before = await server.memory();
  await round((seconds * 2) / 3);
  for (const metric of [
    'tidings_subscriptions',
    'tidings_subscription_filters',
    'tidings_websockets',
    'tidings_streams',
    'tidings_slow_consumers',
  ]) {
    for (let left = 200; (await server.metric(metric)) > 0; left -= 1) {
      if (left === 0) throw new Error(`seed ${seed}: ${metric} is ${await server.metric(metric)} although no client is connected`);
      await pause(100);
    }
  }
  const bugs = await server.metric('tidings_unexpected_errors_total');
  if (bugs > 0) throw new Error(`seed ${seed}: ${bugs} unexpected errors; see the server's log`);
  const emitted = await post(server.url, 'mutation { emitEvent(input: { event: "a", resource: { id: "r" } }) { status } }');
  if (emitted.data?.emitEvent.status !== 'CREATED')
    throw new Error(`seed ${seed}: afterwards emitting an event returned ${JSON.stringify(emitted)}`);
  const growthBytes = (await server.memory()) - before;
  const lagSeconds = await server.metric('nodejs_eventloop_lag_max_seconds');
  log(
    `fuzz: ${next} probes, memory ${(growthBytes / 2 ** 20).toFixed(1)} MB more after ${(before / 2 ** 20).toFixed(0)}, event loop late by ${(lagSeconds * 1000).toFixed(0)} ms at most`,
  );
  log(
    [...responses]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, count]) => `${kind}: ${count}`)
      .join(' · '),
  );
  if (growthBytes > maxGrowthBytes) throw new Error(`seed ${seed}: memory grew by ${growthBytes} bytes`);
}

/** Bounded caches of documents and results. */
const maxGrowthBytes = 64 * 2 ** 20;
