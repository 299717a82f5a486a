import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer } from '../support/test-server.ts';
import { hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (hasBrowser) world = await startFeedWorld();
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

test.skipIf(!hasBrowser)('the page is served at / under a strict content security policy, and breaks none of its rules', async () => {
  await using opened = await world.open('/');
  await opened.page.getByRole('status').first().waitFor();
  expect(await opened.page.title()).toBe('Tidings');
  const { headers } = await fetch(world.server.tidings.url);
  expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self';.*frame-ancestors 'none'/);
  expect(headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'");
});

test.skipIf(!hasBrowser)('axe finds no violation', async () => {
  await using opened = await world.open('/');
  await opened.page.getByRole('status').first().waitFor();
  expect(await opened.violations()).toEqual([]);
});

test.skipIf(!hasBrowser)('TIDINGS_FEED=off serves the page with the addresses of the server instead', async () => {
  await using server = await startTestServer({ TIDINGS_FEED: 'off' });
  const response = await fetch(server.tidings.url);
  expect(await response.text()).toContain('<dt><a href="/graphql">/graphql</a></dt>');
  expect((await fetch(`${server.tidings.url}/licenses.md`)).status).toBe(404);
});
