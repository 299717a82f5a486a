import type { ChildProcess } from 'node:child_process';
import type { Client } from 'graphql-ws';
import { afterEach, expect, test } from 'vitest';
import { startProcess } from '../support/process.ts';
import { listenTo, newDatabase, post, socketTo } from '../support/test-server.ts';

// The log at its full size: writers and readers in four server processes on one Postgres.
const children: ChildProcess[] = [];
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
  children.splice(0).forEach((child) => child.kill('SIGKILL'));
});

const writers = 32;
const perWriter = 3200;
const total = writers * perWriter;

/** The events that a reader got: id and cursor of each. */
type Seen = string[];

test(
  '32 writers in 4 processes: readers by page and by subscription, in each process, get all of 102,400 events once, in one order',
  async () => {
    await using testDatabase = await newDatabase();
    const urls: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      const { url, child } = await startProcess({ ...testDatabase.environment, TIDINGS_POOL_SIZE: '9' });
      children.push(child);
      urls.push(url);
    }
    const start: string = (await post(urls[0]!, '{ head }')).data.head;
    const reading = urls.flatMap((url, index) => [
      readPages(url, start),
      index % 2 === 0 ? readEvents(url, start) : readBatches(url, start),
    ]);
    const writing = Array.from({ length: writers }, (_, writer) => write(urls, writer));
    const [seen] = await Promise.all([Promise.all(reading), Promise.all(writing)]);

    const first = seen[0]!;
    const ids = first.map((each) => each.split(' ')[0]!);
    expect(new Set(ids).size).toBe(total);
    for (const other of seen) {
      expect(other.length).toBe(total);
      expect(other.findIndex((each, index) => each !== first[index])).toBe(-1);
    }
    // A writer sends one request after the other, so its events keep their order.
    const next = new Map<string, number>();
    for (const id of ids) {
      const [writer, number] = id.split(':') as [string, string];
      expect(Number(number)).toBe(next.get(writer) ?? 0);
      next.set(writer, Number(number) + 1);
    }
  },
  10 * 60_000,
);

/**
 * Emits through one process, batch after batch, and checks through another that acknowledged events
 * can be read there.
 */
async function write(urls: readonly string[], writer: number): Promise<void> {
  const mutation = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created head results { event { cursor } } } }';
  const maxBatch = writer % 4 === 0 ? 31 : 311;
  for (let from = 0; from < perWriter;) {
    const count = Math.min(1 + ((writer * 7 + from) % maxBatch), perWriter - from);
    const input = Array.from({ length: count }, (_, index) => ({
      id: `w${writer}:${from + index}`,
      event: 'a.b',
      resource: { id: `w${writer}` },
    }));
    const { emitEvents } = (await post(urls[writer % 4]!, mutation, { input })).data;
    expect(emitEvents.created).toBe(count);
    const elsewhere = await post(
      urls[(writer + 1) % 4]!,
      'query ($id: ID!, $after: Cursor!) { event(id: $id) { cursor } events(order: LOG, first: 1, after: $after) { head } }',
      { id: `w${writer}:${from + count - 1}`, after: emitEvents.head },
    );
    expect(elsewhere.data.event.cursor).toBe(emitEvents.results.at(-1).event.cursor);
    from += count;
  }
}

/** Reads one page after the other, also while there is nothing new. */
async function readPages(url: string, start: string): Promise<Seen> {
  const query =
    'query ($after: Cursor) { events(order: LOG, first: 1000, after: $after) { nodes { id cursor } head pageInfo { hasNextPage endCursor } } }';
  const seen: Seen = [];
  for (let after = start; seen.length < total;) {
    const { nodes, head, pageInfo } = (await post(url, query, { after })).data.events;
    for (const { id, cursor } of nodes) seen.push(`${id} ${cursor}`);
    // After the last page, its head is an equivalent cursor.
    after = pageInfo.hasNextPage ? pageInfo.endCursor : head;
  }
  return seen;
}

async function readEvents(url: string, start: string): Promise<Seen> {
  const seen: Seen = [];
  const subscription = 'subscription ($after: Cursor) { events(after: $after) { id cursor } }';
  for await (const { data } of listenTo(client(url), subscription, { after: start })) {
    seen.push(`${data.events.id} ${data.events.cursor}`);
    if (seen.length === total) break;
  }
  return seen;
}

async function readBatches(url: string, start: string): Promise<Seen> {
  const seen: Seen = [];
  let last = start;
  const subscription = `subscription ($after: Cursor) { eventStream(after: $after, batchSize: 1000) {
    ... on EventBatch { previous cursor events { id cursor } } ... on CaughtUp { cursor } ... on FellBehind { cursor } ... on Checkpoint { cursor } } }`;
  for await (const { data } of listenTo(client(url), subscription, { after: start })) {
    const { events = [], previous = last, cursor } = data.eventStream;
    expect(previous).toBe(last);
    last = cursor;
    for (const { id, cursor } of events) seen.push(`${id} ${cursor}`);
    if (seen.length === total) break;
  }
  return seen;
}

function client(url: string): Client {
  const made = socketTo(url);
  clients.push(made);
  return made;
}
