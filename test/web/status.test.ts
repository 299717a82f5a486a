import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';
import { soon } from './support/event-documents.ts';

const adminKey = 'the-admin-key-of-the-status-tests';

let world: FeedWorld;
let server: TestServer;
beforeAll(async () => {
  if (hasBrowser) world = await startFeedWorld({ TIDINGS_ADMIN_KEY: adminKey });
  server = world?.server;
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

async function asAdmin(query: string, variables: object = {}): Promise<any> {
  const response = await fetch(`${server.tidings.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` },
    body: JSON.stringify({ query, variables }),
  });
  return ((await response.json()) as { data: any }).data;
}

const emit = (event: string): Promise<unknown> =>
  asAdmin('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input: { event, resource: { id: 'acme.door' } } });

test.skipIf(!hasBrowser)('a server that requires keys: the page asks, refuses a wrong one, and shows what the right one sees', async () => {
  await emit('acme.door.opened');
  const { createApiKey } = await asAdmin(
    'mutation { createApiKey(input: { name: "front desk", permissions: [READ] }) { secret key { id } } }',
  );
  await using opened = await world.open('/', { allowErrors: true });
  const { page } = opened;
  const dialog = page.getByRole('dialog', { name: 'This server requires a key' });
  await dialog.waitFor();
  expect(await opened.violations()).toEqual([]);
  await dialog.getByLabel('API key').fill('a-wrong-key-that-nobody-has-made');
  await page.keyboard.press('Enter');
  const again = page.getByRole('dialog', { name: 'The key is not accepted' });
  await again.waitFor();
  await again.getByLabel('API key').fill(createApiKey.secret);
  await again.getByRole('button', { name: 'Use this key' }).click();
  await page.locator('[data-event-id]').first().waitFor();
  await soon(() => page.getByRole('dialog').count()).toBe(0);
  await page.getByRole('button', { name: 'Key: front desk' }).click();
  await page.getByText('READ', { exact: true }).waitFor();
  expect(page.url()).not.toContain(createApiKey.secret);
  expect(await page.evaluate(() => [localStorage.getItem('tidings.key'), document.cookie])).toEqual([null, '']);
  await page.reload();
  await page.locator('[data-event-id]').first().waitFor(); // the tab keeps its key

  await asAdmin('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: createApiKey.key.id });
  await page.getByRole('dialog', { name: 'The key is not accepted' }).waitFor();
  await soon(() => page.locator('[data-event-id]').count()).toBe(0); // what it showed is gone
});

test.skipIf(!hasBrowser)('an empty log shows how to emit, and comes alive with the first event', async () => {
  await using empty = await startTestServer();
  await using opened = await world.open('/', { origin: empty.tidings.url });
  const { page } = opened;
  await page.getByRole('heading', { name: 'No events yet' }).waitFor();
  expect(await opened.violations()).toEqual([]);
  const command = await page.locator('pre', { hasText: 'curl' }).textContent();
  const [, path, body] = /^curl (\S+) -H 'content-type: application\/json' -d '(.*)'$/.exec(command!)!;
  expect(path).toBe(`${empty.tidings.url}/graphql`);
  const response = await fetch(path!, { method: 'POST', headers: { 'content-type': 'application/json' }, body: body! });
  expect(await response.json()).toEqual({ data: { emitEvent: { status: 'CREATED' } } });
  await page.locator('[data-event-id]').first().waitFor();
  await soon(() => page.getByRole('heading', { name: 'No events yet' }).count()).toBe(0);
});

test.skipIf(!hasBrowser)('help lists the keys and the addresses', async () => {
  await using opened = await world.open('/', { allowErrors: true });
  await opened.page.getByRole('dialog').waitFor();
  await opened.page.getByLabel('API key').fill(adminKey);
  await opened.page.keyboard.press('Enter');
  await opened.page.getByRole('status').first().waitFor();
  await opened.page.getByRole('button', { name: 'Help' }).click();
  const help = opened.page.getByRole('dialog', { name: 'Keyboard' });
  await help.getByRole('link', { name: '/graphql' }).waitFor();
  expect(await opened.violations()).toEqual([]);
  await opened.page.keyboard.press('Escape');
  await help.waitFor({ state: 'hidden' });
});
