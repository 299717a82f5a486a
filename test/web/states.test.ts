import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTidings } from '../../src/main.ts';
import { readSettings } from '../../src/settings.ts';
import { freePort } from '../support/free-port.ts';
import { post, startTestServer } from '../support/test-server.ts';
import { soon } from './support/event-documents.ts';
import { addressOf, hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (hasBrowser) world = await startFeedWorld();
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

const emitMutation = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }';
const emit = (url: string, event: string, details: object = {}): Promise<unknown> =>
  post(url, emitMutation, { input: { event, resource: { id: 'acme.door' }, ...details } });

test.skipIf(!hasBrowser)('nothing matches: what would without each condition, and the nearest events outside the range', async () => {
  const { url } = world.server.tidings;
  await emit(url, 'acme.door.opened', { id: 'early', occurred: '2026-01-10T08:00:00Z' });
  await emit(url, 'acme.door.opened', { id: 'later', occurred: '2026-03-10T08:00:00Z' });
  await using opened = await world.open('/?q=event:acme.door.*+label.region=eu&since=2026-02-01T00:00:00Z&until=2026-03-01T00:00:00Z');
  const { page } = opened;
  await page.getByRole('heading', { name: 'No event matches' }).waitFor();
  await page.getByText('No event outside the time range matches either.').waitFor();
  expect(await opened.violations()).toEqual([]);
  await page.getByRole('link', { name: 'Remove label.region=eu' }).click();
  await soon(async () => (await addressOf(page)).searchParams.get('q')).toBe('event:acme.door.*');
  await page.getByRole('link', { name: 'the latest before it, 2026-01-10 08:00:00' }).waitFor();
  await page.getByRole('link', { name: 'the first after it, 2026-03-10 08:00:00' }).click();
  await page.locator('[data-event-id="later"]').waitFor();
  await soon(() => page.locator('[data-event-id]').count()).toBe(1);
  await page.goBack();
  await page.getByRole('heading', { name: 'No event matches' }).waitFor();
});

test.skipIf(!hasBrowser)(
  'another log behind the address: the list says that events are missing, and what it opened is loaded again',
  async () => {
    const folders = ['first', 'second'].map((name) => mkdtempSync(join(tmpdir(), `tidings-gap-${name}-`)));
    const port = String(await freePort());
    const start = (index: number) => startTidings(readSettings({ DATA_DIR: folders[index]!, PORT: port }));
    const ids = (page: Page): Promise<readonly (string | null)[]> =>
      page.locator('.instead-of-list [data-event-id]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-event-id')));
    let server = await start(0);
    try {
      const root = { id: 'root', occurred: '2026-01-10T08:00:00Z' };
      await emit(server.url, 'acme.door.opened', root);
      await emit(server.url, 'acme.door.held', { id: 'held', follows: 'root' });
      const options = { origin: server.url, allowErrors: true };
      await using list = await world.open('/', options);
      await using chain = await world.open('/?e=root&v=chain', options);
      await using around = await world.open('/?e=root&v=around', options);
      await list.page.getByRole('status').first().getByText('Live').waitFor();
      await soon(() => ids(chain.page)).toEqual(['root', 'held']);
      await soon(() => ids(around.page)).toEqual(['held', 'root']);
      await server[Symbol.asyncDispose]();
      server = await start(1);
      await emit(server.url, 'acme.door.opened', root);
      await emit(server.url, 'acme.door.closed', { id: 'closed', follows: 'root' });
      const line = list.page.getByRole('row').filter({ hasText: 'The log was replaced' });
      await line.waitFor();
      expect(await list.violations()).toEqual([]);
      await line.getByRole('button', { name: 'Reload the list' }).click();
      await list.page.locator('[data-event-id="closed"]').waitFor();
      await list.page.locator('[data-event-id="held"]').waitFor({ state: 'detached' });
      await soon(() => ids(chain.page)).toEqual(['root', 'closed']);
      await soon(() => ids(around.page)).toEqual(['closed', 'root']);
      await emit(server.url, 'acme.door.locked', { id: 'locked', follows: 'closed' });
      await soon(() => ids(chain.page)).toEqual(['root', 'closed', 'locked']);
      await soon(() => ids(around.page)).toEqual(['locked', 'closed', 'root']);
    } finally {
      await server[Symbol.asyncDispose]();
      for (const folder of folders) rmSync(folder, { recursive: true });
    }
  },
);

test.skipIf(!hasBrowser)('a key without READ: the page says which permission is missing', async () => {
  const adminKey = 'the-admin-key-of-the-state-tests';
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const created = await post(
    server.tidings.url,
    'mutation { createApiKey(input: { name: "sensor", permissions: [EMIT] }) { secret } }',
    {},
    {
      authorization: `Bearer ${adminKey}`,
    },
  );
  await using opened = await world.open('/', { origin: server.tidings.url, allowErrors: true });
  const { page } = opened;
  await page.getByLabel('API key').fill(created.data.createApiKey.secret);
  await page.keyboard.press('Enter');
  await page.getByRole('status').first().getByText('Offline').waitFor();
  await page.getByRole('button', { name: 'Connection: Offline' }).click();
  await page.getByText('lacks the permission read').first().waitFor();
  expect(await page.locator('[data-event-id]').count()).toBe(0);
});

test.skipIf(!hasBrowser)('a busy server: the page waits as long as it is told, and then shows the events', async () => {
  await emit(world.server.tidings.url, 'acme.busy.emitted');
  await using opened = await world.open('/about:blank', { allowErrors: true });
  const { page } = opened;
  let refusals = 0;
  await page.route('**/graphql', async (route) => {
    if (refusals >= 6) return await route.continue();
    refusals += 1;
    const extensions = { code: 'UNAVAILABLE', retryAfterMs: 300 };
    return await route.fulfill({ status: 503, json: { errors: [{ message: 'The database cannot be reached.', extensions }] } });
  });
  await page.goto(world.server.tidings.url);
  await page.locator('[data-event-id]', { hasText: 'busy' }).waitFor();
  await page.getByRole('status').first().getByText('Live').waitFor();
  expect(refusals).toBe(6);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});
