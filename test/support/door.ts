import type { World } from './world.ts';

export interface Posted {
  readonly status: number;
  readonly body: any;
  readonly headers: Headers;
}

/** Posts to a path of a world's server: text and bytes as they are, anything else as JSON. */
export async function postTo(world: World, path: string, body: unknown, headers: Record<string, string>): Promise<Posted> {
  const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await fetch(`${world.tidings.url}${path}`, { method: 'POST', body: sent as string, headers });
  const answer = await response.text();
  return { status: response.status, body: answer === '' ? null : JSON.parse(answer), headers: response.headers };
}

export async function storedIds(world: World): Promise<string[]> {
  const { events } = await world.data('{ events(order: LOG, first: 1000) { nodes { id } } }');
  return events.nodes.map(({ id }: { id: string }) => id);
}

export async function countOf(world: World): Promise<number> {
  return (await world.data('{ events(first: 1) { totalCount(max: 100000) { count } } }')).events.totalCount.count;
}

/** The stored events in log order, whole. */
export async function storedEvents(world: World): Promise<any[]> {
  const { events } = await world.data(
    '{ events(order: LOG, first: 1000) { nodes { id occurred event resource { id labels } related { id role labels } payload follows { id } } } }',
  );
  return events.nodes;
}
