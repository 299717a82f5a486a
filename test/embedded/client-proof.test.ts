import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createTidings } from '../../src/client/tidings-client.ts';
import { proveOutbox } from '../client/outbox-proof.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
beforeAll(async () => void (server = await startTestServer()));
afterAll(() => server[Symbol.asyncDispose]());

// test/client/bench.ts has the same with 100,000 events.
test('emitters that are killed with -9 lose no event that emit accepted, and none is stored twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-proof-'));
  const proof = { url: server.tidings.url, folder, events: 1000, emitters: 1, maxLifeMs: 200 };
  expect(await proveOutbox(proof)).toMatchObject({ lost: 0, repeated: 0 });
  rmSync(folder, { recursive: true });
});

describe.each([
  ['SSE', {}],
  ['WebSocket', { webSocket: WebSocket }],
] as const)('over %s', (name, options) => {
  test('a slow loop receives every event in order, over several subscriptions if needed', async () => {
    const event = `slow.${name}`;
    await using tidings = createTidings(server.tidings.url, options);
    const text = 'x'.repeat(10_000);
    const inputs = Array.from({ length: 1500 }, (_, n) => ({ event, resource: 'r', id: `${name}-${n}`, payload: { text } }));
    await tidings.emitAll(inputs);
    const states: string[] = [];
    const ids: string[] = [];
    const stream = tidings.events({ event: { in: [event] } }, { after: 'beginning', onState: ({ is }) => states.push(is) });
    for await (const { id } of stream) {
      // The network has time to deliver more than may wait.
      if (ids.length < 5) await new Promise((resolve) => setTimeout(resolve, 100));
      if (ids.push(id) === inputs.length) break;
    }
    expect(ids).toEqual(inputs.map(({ id }) => id));
    expect(states).not.toContain('waiting');
    if (name === 'WebSocket') expect(states.filter((state) => state === 'connecting').length).toBeGreaterThan(1);
  });
});
