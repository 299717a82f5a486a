import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createTidings, type FollowOptions } from '../../src/client/tidings-client.ts';
import { formatCursor, type Position } from '../../src/event/cursor.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
beforeAll(async () => void (server = await startTestServer()));
afterAll(() => server[Symbol.asyncDispose]());
afterEach(() => vi.unstubAllGlobals());

describe.each([
  ['SSE', {}],
  ['WebSocket', { webSocket: WebSocket }],
] as const)('over %s', (name, options) => {
  const prefix = `following-${name.toLowerCase()}`;

  test('in causal order an event that was emitted last comes before those that follow it, and a checkpoint loses none', async () => {
    await using tidings = createTidings(server.tidings.url, options);
    const names = { event: { in: [`${prefix}.causal`] } };
    const start = (await tidings.page({ first: 1 })).head;
    const emit = (id: string, follows?: string): unknown =>
      tidings.emit(`${prefix}.causal`, { id: `${prefix}-${id}`, resource: 'r', ...(follows !== undefined && { follows }) });
    emit('c', `${prefix}-b`);
    emit('other');
    emit('b', `${prefix}-a`);
    await tidings.flush();
    // The loop begins while the event that the others follow is not stored.
    let saved: string = start;
    const checkpoint = { load: () => saved, save: (cursor: string) => void (saved = cursor) };
    const follow: FollowOptions = { order: 'CAUSAL', checkpoint };
    const ids: string[] = [];
    for await (const { id } of tidings.events(names, follow)) {
      ids.push(id.slice(prefix.length + 1));
      if (ids.length === 1) emit('a');
      if (ids.length === 4) break;
    }
    expect(ids).toEqual(['other', 'a', 'b', 'c']);
    // The last event was not finished. What was delivered ahead of delayed events may come again.
    const again: string[] = [];
    for await (const { id } of tidings.events(names, follow)) if (again.push(id.slice(prefix.length + 1)) && id.endsWith('-c')) break;
    expect('abc'.endsWith(again.filter((id) => id !== 'other').join(''))).toBe(true);
  });

  test('a gap is an error that the loop throws, or is reported and passed', async () => {
    await using tidings = createTidings(server.tidings.url, options);
    const { id } = tidings.emit(`${prefix}.gap`, { resource: 'r' });
    await tidings.flush();
    const filter = { event: { in: [`${prefix}.gap`] } };
    // The cursor of a log that this one replaced.
    const after = formatCursor({ epoch: 'abcdefabcdef', position: 7 as Position });
    const firstId = async (onGap?: FollowOptions['onGap']): Promise<string | undefined> => {
      for await (const event of tidings.events(filter, { after, ...(onGap !== undefined && { onGap }) })) return event.id;
      return undefined;
    };
    await expect(firstId()).rejects.toMatchObject({ name: 'GapError', from: after, reason: 'LOG_REPLACED' });
    expect(await firstId('continue')).toBe(id);
    const gaps: unknown[] = [];
    expect(await firstId((gap) => gaps.push(gap))).toBe(id);
    expect(gaps).toMatchObject([{ from: after, to: expect.any(String), reason: 'LOG_REPLACED' }]);
  });

  test('a page that is online again sends and reconnects at once', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    let isOnline = true;
    let attempts = 0;
    const refuse = (): boolean => !isOnline && (attempts += 1) > 0;
    await using tidings = createTidings(server.tidings.url, {
      fetch: (...request) => (refuse() ? Promise.reject(new TypeError('fetch failed')) : fetch(...request)),
      retry: { minMs: 600_000, maxMs: 600_000 },
      onProblem: () => undefined,
      ...('webSocket' in options && {
        webSocket: class extends WebSocket {
          constructor(url: string | URL, protocols?: string | string[]) {
            super(refuse() ? 'ws://127.0.0.1:1' : url, protocols);
          }
        },
      }),
    });
    isOnline = false;
    let state = '';
    const { listening } = tidings.events({}, { onState: ({ is }) => (state = is) });
    const stored = tidings.emit(`${prefix}.online`, { resource: 'r' }).then(({ status }) => status);
    await vi.waitFor(() => expect({ attempts, state }).toEqual({ attempts: 2, state: 'waiting' }), 5000);
    isOnline = true;
    page.dispatchEvent(new Event('online'));
    expect(await stored).toBe('CREATED');
    await listening;
  });
});
