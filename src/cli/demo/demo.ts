import { setTimeout as sleep } from 'node:timers/promises';
import { createTidings, type Tidings } from '../../client/tidings-client.ts';
import { TidingsError } from '../../errors.ts';
import { defaultUrl, readEndpoint, urlMeaning } from '../client/endpoint.ts';
import { readOptions } from '../terminal/args.ts';
import type { Command } from '../terminal/command.ts';
import { schedule } from './schedule.ts';

const synopsis = `demo [--rate EVENTS] [--url ${defaultUrl}]`;
const options = {
  rate: { type: 'string', default: '2', value: 'EVENTS', meaning: 'Events a second, from 0.1 to 1000.' },
  url: { type: 'string', default: defaultUrl, value: 'URL', meaning: urlMeaning },
} as const;

export const demo: Command = {
  synopsis,
  purpose: 'Emits made-up events: orders, deployments, logins and flow runs, some of which fail.',
  options,
  async run(args) {
    const values = readOptions(args, { synopsis, options });
    const rate = readRate(values.rate);
    const { displayUrl, http, key } = readEndpoint(values.url);

    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.once('SIGTERM', () => stop.abort());
    const tidings = createTidings(http, key === null ? {} : { key });
    try {
      // Reports a wrong address or key before anything is queued.
      await tidings.graphql('{ service { version } }', {}, { signal: stop.signal });
      process.stdout.write(`Emitting about ${rate} events a second to ${displayUrl}. Open it in a browser. Ctrl+C ends.\n`);
      const emitted = await emitStories(tidings, rate, stop.signal);
      await tidings.flush();
      process.stdout.write(`Emitted ${emitted} event${emitted === 1 ? '' : 's'}.\n`);
      return 0;
    } catch (error) {
      if (stop.signal.aborted) return 0;
      throw error instanceof Error ? new TidingsError('UNAVAILABLE', error.message) : error;
    } finally {
      await tidings.close();
    }
  },
};

/** Emits until the signal aborts. Returns the number of events. */
async function emitStories(tidings: Tidings, rate: number, signal: AbortSignal): Promise<number> {
  const previous = new Map<number, { readonly id: string }>();
  // Numbers grow from one run to the next one, so that its orders are new ones.
  const firstNumber = Math.floor(Date.now() / 1000) % 10_000_000;
  const start = performance.now();
  let [dueMs, emitted] = [0, 0];
  for (const { step, waitMs, story } of schedule(Math.random, rate, firstNumber)) {
    dueMs += waitMs;
    const earlyMs = dueMs - (performance.now() - start);
    if (earlyMs > 1) await sleep(earlyMs, undefined, { signal }).catch(() => undefined);
    await tidings.ready();
    if (signal.aborted) return emitted;
    const { event, resource, related = [], payload = {} } = step;
    previous.set(story, tidings.emit(event, { resource, related, payload, follows: previous.get(story) ?? null }));
    if (previous.size > maxOpenStories) previous.delete(previous.keys().next().value ?? story);
    emitted += 1;
  }
  return emitted;
}

function readRate(given: string): number {
  const rate = Number(given);
  if (/^\d+(?:\.\d+)?$/.test(given) && rate >= 0.1 && rate <= 1000) return rate;
  throw new TidingsError('BAD_USER_INPUT', `--rate: expected a number from 0.1 to 1000, got ${JSON.stringify(given)}.`);
}

/** Stories end after a few steps; what is kept of the oldest ones is not needed any more. */
const maxOpenStories = 1000;
