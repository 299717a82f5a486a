import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

export interface Load {
  readonly url: string;
  readonly clients: number;
  /** Events of one request. */
  readonly batch: number;
  readonly seconds: number;
  /** JSON of the next event. */
  readonly next: () => string;
}

/** Events acknowledged per second by clients that each send a batch after the other. */
export async function emitted({ url, clients, batch, seconds, next }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const began = performance.now();
  const client = async (): Promise<number> => {
    let events = 0;
    while (performance.now() - began < seconds * 1000) events += await send(url, agent, Array.from({ length: batch }, next));
    return events;
  };
  const all = await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return (all.reduce((sum, each) => sum + each, 0) / (performance.now() - began)) * 1000;
}

function send(url: string, agent: Agent, events: readonly string[]): Promise<number> {
  const body = `{"query":"mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }","variables":{"input":[${events.join(',')}]}}`;
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const { data, errors } = JSON.parse(text) as { data?: { emitEvents: { created: number } }; errors?: unknown };
        if (data?.emitEvents.created === events.length) resolve(events.length);
        else reject(new Error(`expected ${events.length} created, got ${text.slice(0, 300)}${errors === undefined ? '' : ' (errors)'}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
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
