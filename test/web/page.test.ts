import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { startTestServer } from '../support/test-server.ts';
import { emitDocuments } from './support/emit-events.ts';
import { documentOf } from './support/event-documents.ts';
import { hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (!hasBrowser) return;
  world = await startFeedWorld();
  const documents = [
    documentOf('placed', 0, { event: 'acme.order.placed' }),
    documentOf('paid', 2, { follows: 'placed', payload: { amount: 12.5 } }),
    documentOf('shipped', 5, { event: 'acme.order.shipped', follows: 'paid' }),
  ];
  await emitDocuments(
    world.server,
    documents.map((each) => JSON.stringify(each)),
  );
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

test.skipIf(!hasBrowser)('axe finds no violation at the width of a phone', async () => {
  await using opened = await world.open('/about:blank', { width: 390, height: 780, allowErrors: true });
  const { page } = opened;
  const states: readonly (readonly [string, string])[] = [
    ['/', '[data-event-id]'],
    ['/?cols=region,payload.amount', '[data-event-id]'],
    ['/?e=paid', '.detail-title'],
    ['/?e=paid&v=chain', '.chain-row'],
    ['/?e=paid&v=around', '.around-row'],
    ['/?q=resource:acme.order.4711', '.resource-facts time'],
    ['/?q=event:acme.*+label.region=mars', '.without .button'],
    ['/?q=actor=kiki', '.filter-problem'],
    ['/?e=never-stored', '.detail-note'],
  ];
  for (const [path, shown] of states) {
    await page.goto(world.server.tidings.url + path);
    await page.locator(shown).first().waitFor();
    expect({ path, violations: await opened.violations() }).toEqual({ path, violations: [] });
  }
});

/** What an element is painted with: its background or its fill, as an opaque colour or not at all. */
const paints = (page: Page, selector: string, pseudo?: string): Promise<readonly string[]> =>
  page.locator(selector).evaluateAll((elements, which) => {
    const colours = elements.map((each) => {
      const { backgroundColor, fill } = getComputedStyle(each, which);
      return each instanceof SVGElement ? fill : backgroundColor;
    });
    return [...new Set(colours)];
  }, pseudo);

test.skipIf(!hasBrowser)('in forced colours, what colours alone would show is painted in other colours than its ground', async () => {
  await using opened = await world.open('/?e=paid&v=chain&q=event:acme.*');
  const { page } = opened;
  await page.emulateMedia({ forcedColors: 'active' });
  const ground = await paints(page, 'body');
  const unlike = async (selector: string, pseudo?: string): Promise<void> => {
    await page.locator(selector).first().waitFor();
    const colours = await paints(page, selector, pseudo);
    expect(
      colours.filter((colour) => ground.includes(colour) || colour === 'rgba(0, 0, 0, 0)').map((colour) => [selector, colour]),
    ).toEqual([]);
  };
  for (const theme of ['dark', 'light']) {
    await page.evaluate((name) => (document.documentElement.dataset['theme'] = name), theme); // the system's colours remain
    await unlike('.connection .mark');
    await unlike('.time-bar .part');
    await unlike('.span.visible');
    await unlike('.chain-row:not([aria-selected="true"]) :is(.span-mark, .span-line)');
    await unlike('.chain-row[aria-selected="true"]');
    await unlike('.button[aria-pressed="true"]');
    await unlike('.value-item', '::after');
  }
  const chip = page.locator('.condition');
  expect(await chip.evaluate((element) => getComputedStyle(element).borderTopStyle)).toBe('solid');
  await page.keyboard.press('/');
  await page.keyboard.type('event:acme');
  await page.getByRole('option').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await unlike('[role="option"][aria-selected="true"]');
  await page.goto(`${world.server.tidings.url}/?e=paid`);
  await unlike('.row.open');
  await unlike('.row .mark');
  await page.locator('.row.open').focus();
  await page.keyboard.press('ArrowDown');
  const focused = page.locator('.row:focus-visible'); // a little after the key
  expect(await focused.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
});

test.skipIf(!hasBrowser)('with reduced motion nothing moves, and nothing waits for a movement to be seen', async () => {
  await using opened = await world.open('/about:blank', { allowErrors: true });
  const { page } = opened;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const animations = (): Promise<number> => page.evaluate(() => document.getAnimations().length);
  let count = (): void => undefined;
  const mayCount = new Promise<void>((resolve) => (count = resolve));
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('eventCounts') === true) await mayCount;
    await route.continue();
  });
  await page.goto(world.server.tidings.url);
  await page.locator('[data-event-id]').first().waitFor();
  const note = page.locator('.facet-note.late').first();
  await note.waitFor();
  expect(await note.evaluate((element) => getComputedStyle(element).opacity)).toBe('1');
  expect(await animations()).toBe(0);
  count();
  await page.getByRole('status').first().getByText('Live').waitFor();
  await emitDocuments(world.server, [JSON.stringify(documentOf('fresh', 9, {}))]);
  await page.locator('.row.fresh').first().waitFor();
  expect(await animations()).toBe(0);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test.skipIf(!hasBrowser)('TIDINGS_FEED=off serves the page with the addresses of the server instead', async () => {
  await using server = await startTestServer({ TIDINGS_FEED: 'off' });
  const response = await fetch(server.tidings.url);
  expect(await response.text()).toContain('<dt><a href="/graphql">/graphql</a></dt>');
  expect((await fetch(`${server.tidings.url}/licenses.md`)).status).toBe(404);
});

test.skipIf(!hasBrowser)('single keys change the theme and open the help, unless they are switched off', async () => {
  await using opened = await world.open('/');
  const { page } = opened;
  const theme = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset['theme']);
  await page.getByRole('button', { name: 'Theme: system' }).waitFor();
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Theme: light' }).waitFor();
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
  expect(await theme()).toBe('dark');
  await page.keyboard.press('?');
  await page.getByLabel('Single letters and signs are shortcuts').uncheck();
  await page.keyboard.press('Escape');
  await page.keyboard.press('d');
  await page.getByLabel('Filter', { exact: false }).first().focus();
  expect(await theme()).toBe('dark');
  await page.reload();
  await page.getByRole('button', { name: 'Theme: dark' }).waitFor(); // kept on this device
});
