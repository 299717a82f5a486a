import { readFileSync } from 'node:fs';
import { openLeanPoster, type LeanPoster } from './load/lean-post.ts';

export interface Load {
  readonly url: string;
  readonly clients: number;
  /** Events per request. */
  readonly batch: number;
  readonly seconds: number;
  /** Returns the JSON of the next event. */
  readonly next: () => string;
  /** The Authorization header of the clients. */
  readonly authorization?: string;
}

/** Events acknowledged per second. Each client sends one batch after the other. */
export async function emitted({ url, clients, batch, seconds, next, authorization }: Load): Promise<number> {
  const posters = await Promise.all(Array.from({ length: clients }, () => openLeanPoster(url, authorization)));
  const began = performance.now();
  const client = async (poster: LeanPoster): Promise<number> => {
    let events = 0;
    while (performance.now() - began < seconds * 1000) events += await send(poster, Array.from({ length: batch }, next));
    return events;
  };
  const all = await Promise.all(posters.map(client));
  const took = performance.now() - began;
  for (const poster of posters) poster[Symbol.dispose]();
  return (all.reduce((sum, each) => sum + each, 0) / took) * 1000;
}

/** Emits one batch of events as JSON. Throws unless all were created. */
export async function send(poster: LeanPoster, events: readonly string[]): Promise<number> {
  const response = await poster.post(
    `{"query":"mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }","variables":{"input":[${events.join(',')}]}}`,
  );
  if (response.includes(`"created":${events.length}}`)) return events.length;
  throw new Error(`expected ${events.length} created, got ${response.slice(0, 300)}`);
}

/** The processor time of a process in seconds; NaN on systems without /proc. */
export function processorSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}
