import type { TestServer } from '../test-server.ts';

export interface Posted {
  readonly status: number;
  readonly body: any;
  readonly headers: Headers;
}

/** Posts to a path of a server: text and bytes unchanged, any other value as JSON. */
export async function postTo(server: TestServer, path: string, body: unknown, headers: Record<string, string>): Promise<Posted> {
  const requestBody = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await fetch(`${server.tidings.url}${path}`, { method: 'POST', body: requestBody as string, headers });
  const responseText = await response.text();
  return { status: response.status, body: responseText === '' ? null : JSON.parse(responseText), headers: response.headers };
}

/** The head of the log. */
export async function headOf(server: TestServer): Promise<string> {
  return (await server.data('{ head }')).head;
}

/** The ids of the stored events after a cursor, in log order. */
export async function storedIds(server: TestServer, after: string | null = null): Promise<string[]> {
  const query = 'query ($after: Cursor) { events(order: LOG, first: 1000, after: $after) { nodes { id } } }';
  return (await server.data(query, { after })).events.nodes.map(({ id }: { id: string }) => id);
}

/** The stored events after a cursor, in log order. */
export async function storedEvents(server: TestServer, after: string | null = null): Promise<any[]> {
  const query = `query ($after: Cursor) { events(order: LOG, first: 1000, after: $after) { nodes {
    id occurred event resource { id: resourceId labels } related { id: resourceId role labels } payload follows { id } } } }`;
  return (await server.data(query, { after })).events.nodes;
}

export async function countOf(server: TestServer): Promise<number> {
  return (await server.data('{ events(first: 1) { totalCount(max: 100000) { count } } }')).events.totalCount.count;
}

/** The events of a protocol so far: created, duplicates, rejected. */
export async function adapterEventCounts({ tidings }: TestServer, protocol: string): Promise<number[]> {
  const text = await (await fetch(`${tidings.url}/metrics`)).text();
  return ['created', 'duplicate', 'rejected'].map((status) => {
    const [, count = 0] = text.split(`tidings_adapter_events_total{protocol="${protocol}",status="${status}"} `);
    return Number.parseInt(String(count), 10);
  });
}
