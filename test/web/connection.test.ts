import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTidings, type Tidings } from '../../src/main.ts';
import { readSettings } from '../../src/settings.ts';
import { freePort } from '../support/free-port.ts';
import { post } from '../support/test-server.ts';
import { addressOf, hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';
import { soon } from './support/event-documents.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (hasBrowser) world = await startFeedWorld();
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

const emit = (url: string, event: string): Promise<unknown> =>
  post(url, 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input: { event, resource: { id: 'acme.door' } } });

test.skipIf(!hasBrowser)(
  'a server that ends and returns: reconnecting, with a reason and the next attempt, then live with what was missed',
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tidings-connection-'));
    const port = String(await freePort());
    const start = (): Promise<Tidings> => startTidings(readSettings({ DATA_DIR: dataDir, PORT: port }));
    let server = await start();
    try {
      await emit(server.url, 'acme.door.opened');
      await using opened = await world.open('/', { origin: server.url, allowErrors: true });
      const { page } = opened;
      const status = page.getByRole('status').first();
      await status.getByText('Live').waitFor();
      await server[Symbol.asyncDispose]();
      await status.getByText('Reconnecting').waitFor();
      await page.getByRole('button', { name: 'Connection: Reconnecting' }).click();
      await page.getByText('Nothing is missed').waitFor();
      await page.getByText('Lost', { exact: true }).waitFor();
      expect(await page.locator('[data-event-id]').count()).toBe(1); // the list stays usable
      expect(await opened.violations()).toEqual([]);
      await page.getByRole('button', { name: 'Retry now' }).waitFor();
      server = await start();
      await emit(server.url, 'acme.door.closed');
      // Unless it has reconnected by itself meanwhile, which removes the button.
      await Promise.any([page.getByRole('button', { name: 'Retry now' }).click(), status.getByText('Live').waitFor()]);
      await status.getByText('Live').waitFor();
      await page.locator('[data-event-id]', { hasText: 'closed' }).waitFor();
      await soon(() => page.locator('[data-event-id]').count()).toBe(2);
    } finally {
      await server[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true });
    }
  },
);

test.skipIf(!hasBrowser)('a device without a network is offline, and resumes when it has one', async () => {
  await using opened = await world.open('/', { allowErrors: true });
  const { page, context } = opened;
  const status = page.getByRole('status').first();
  await status.getByText('Live').waitFor();
  await context.setOffline(true);
  await status.getByText('Offline').waitFor();
  await emit(world.server.tidings.url, 'acme.offline.passed');
  await context.setOffline(false);
  await status.getByText('Live').waitFor();
  await page.locator('[data-event-id]', { hasText: 'passed' }).waitFor();
});

test.skipIf(!hasBrowser)('pausing holds new events until the reader resumes, and is a part of the link', async () => {
  await using opened = await world.open('/');
  const { page } = opened;
  await page.getByRole('status').first().getByText('Live').waitFor();
  await page.getByRole('button', { name: 'Connection: Live' }).click();
  await page.getByRole('button', { name: 'Pause' }).click();
  await emit(world.server.tidings.url, 'acme.paused.meanwhile');
  await page.getByRole('status').first().getByText('Paused').waitFor();
  await page.getByRole('button', { name: /\bnew\b/ }).waitFor();
  await soon(async () => (await addressOf(page)).searchParams.get('live')).toBe('off');
  expect(await page.locator('[data-event-id]', { hasText: 'meanwhile' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.locator('[data-event-id]', { hasText: 'meanwhile' }).waitFor();
});

test.skipIf(!hasBrowser)('a newer server offers to reload the page', async () => {
  await using opened = await world.open('/about:blank', { allowErrors: true });
  const { page } = opened;
  let version = '0.1.0';
  await page.route('**/graphql', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/"version":"[^"]*"/, `"version":"${version}"`) });
  });
  await page.goto(world.server.tidings.url);
  await page.getByRole('status').first().getByText('Live').waitFor();
  version = '9.9.9';
  await opened.context.setOffline(true);
  await page.getByRole('status').first().getByText('Offline').waitFor();
  await opened.context.setOffline(false);
  await page.getByRole('button', { name: 'Reload for 9.9.9' }).waitFor();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});
