import { readFileSync } from 'node:fs';
import { openLeanPoster, type LeanPoster } from './load/lean-post.ts';

export interface Load {
  readonly url: string;
  readonly clients: number;
  /** Events of one request. */
  readonly batch: number;
  readonly seconds: number;
  /** JSON of the next event. */
  readonly next: () => string;
  /** The header by which the clients say who they are. */
  readonly authorization?: string;
}

/** Events acknowledged per second by clients that each send a batch after the other. */
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

/** Emits one batch, events as JSON. Throws unless all were created. */
export async function send(poster: LeanPoster, events: readonly string[]): Promise<number> {
  const response = await poster.post(
    `{"query":"mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }","variables":{"input":[${events.join(',')}]}}`,
  );
  if (response.includes(`"created":${events.length}}`)) return events.length;
  throw new Error(`expected ${events.length} created, got ${response.slice(0, 300)}`);
}

/** Seconds of processor time that a process has used so far; NaN where the system does not tell. */
export function processorSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}
