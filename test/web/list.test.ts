import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (hasBrowser) world = await startFeedWorld();
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

let stored = 0;
/** Emits events, one microsecond after another. Returns their ids. */
async function emit(count: number, { prefix = 'list', occurred = Date.now() } = {}): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let left = count; left > 0; left -= 1000) {
    const input = Array.from({ length: Math.min(left, 1000) }, () => {
      stored += 1;
      ids.push(`${prefix}-${stored}`);
      const micros = String(stored % 1_000_000).padStart(6, '0');
      return {
        id: `${prefix}-${stored}`,
        event: `${prefix}.order.paid`,
        occurred: `${new Date(occurred).toISOString().slice(0, 19)}.${micros}Z`,
        resource: { id: `acme.order.${stored % 100}` },
      };
    });
    await world.server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
  }
  return ids;
}

const filtered = (prefix: string): string => `/?f=${encodeURIComponent(JSON.stringify({ event: { startsWith: [prefix] } }))}`;
const row = (page: Page, id: string) => page.locator(`[data-event-id="${id}"]`);
const pill = (page: Page) => page.getByRole('button', { name: /new/ });
const topOf = (page: Page, id: string): Promise<number> => row(page, id).evaluate((element) => element.getBoundingClientRect().top);
const rowsInView = (page: Page): Promise<readonly string[]> =>
  page.locator('[data-event-id]').evaluateAll((rows) => rows.map((each) => (each as HTMLElement).dataset['eventId'] ?? ''));

test.skipIf(!hasBrowser)('events appear live at the top, the newest first', async () => {
  const before = await emit(3);
  await using opened = await world.open('/');
  const { page } = opened;
  await row(page, before[2]!).waitFor();
  const [first, second] = await emit(2);
  await row(page, second!).waitFor();
  expect((await rowsInView(page)).slice(0, 3)).toEqual([second, first, before[2]]);
  expect(await page.getByRole('grid', { name: 'Events' }).getAttribute('aria-rowcount')).toBe(
    String(2 + (await rowsInView(page)).length - 1),
  );
  expect(await row(page, second!).getAttribute('aria-rowindex')).toBe('2');
  expect(await opened.violations()).toEqual([]);
});

test.skipIf(!hasBrowser)('a list that is scrolled holds new events; revealed above, the row in view does not move', async () => {
  await emit(200);
  await using opened = await world.open('/');
  const { page } = opened;
  await page.locator('[data-event-id]').first().waitFor();
  await page.locator('.scroller').evaluate((element) => (element.scrollTop = 300));
  await expect.poll(() => page.locator('.scroller').evaluate((element) => element.scrollTop)).toBe(300);
  const anchor = (await rowsInView(page))[15]!;
  const place = await topOf(page, anchor);
  const ids = await emit(30);
  await page.getByRole('button', { name: '30 new' }).waitFor();
  expect(await topOf(page, anchor)).toBe(place);

  await pill(page).click();
  await page.getByRole('button', { name: '30 new above' }).waitFor();
  expect(await topOf(page, anchor)).toBe(place);
  await pill(page).click();
  await row(page, ids.at(-1)!).waitFor();
  expect((await rowsInView(page))[0]).toBe(ids.at(-1));
  await expect.poll(() => pill(page).count()).toBe(0);
  const [live] = await emit(1); // at the top it follows again
  await row(page, live!).waitFor();
});

test.skipIf(!hasBrowser)('an opened event holds the list, and nothing moves when it is closed', async () => {
  await emit(50);
  await using opened = await world.open('/');
  const { page } = opened;
  const id = (await page.locator('[data-event-id]').nth(4).getAttribute('data-event-id'))!;
  await row(page, id).click();
  await expect.poll(() => new URL(page.url()).searchParams.get('e')).toBe(id);
  const place = await topOf(page, id);
  await emit(5);
  await page.getByRole('button', { name: '5 new' }).waitFor();
  expect(await topOf(page, id)).toBe(place);
  await page.goBack();
  await expect.poll(() => new URL(page.url()).searchParams.get('e')).toBe(null);
  expect(await topOf(page, id)).toBe(place);
});

test.skipIf(!hasBrowser)('an event that is late stands where it belongs, is marked, and is counted apart', async () => {
  const ids = await emit(3, { prefix: 'late' });
  await using opened = await world.open(filtered('late.'));
  const { page } = opened;
  await row(page, ids[0]!).waitFor();
  await page.keyboard.press('j');
  const [late] = await emit(1, { prefix: 'late', occurred: Date.now() - 3 * 3_600_000 });
  const later = await emit(2, { prefix: 'late' });
  await page.getByRole('button', { name: '2 new, 1 late' }).waitFor();
  await page.keyboard.press('.');
  await row(page, late!).waitFor();
  expect(await rowsInView(page)).toEqual([...later.toReversed(), ...ids.toReversed(), late]);
  expect(await row(page, late!).textContent()).toContain('late 3 h');
});

test.skipIf(!hasBrowser)('keys move, open, close, pause and clear', async () => {
  const ids = await emit(40);
  await using opened = await world.open('/');
  const { page } = opened;
  await row(page, ids.at(-1)!).waitFor();
  const focused = (): Promise<string | undefined> => page.evaluate(() => (document.activeElement as HTMLElement).dataset['eventId']);
  await page.keyboard.press('j');
  await expect.poll(focused).toBe(ids.at(-1));
  await page.keyboard.press('ArrowDown');
  await expect.poll(focused).toBe(ids.at(-2));
  await page.keyboard.press('k');
  await expect.poll(focused).toBe(ids.at(-1));
  await page.keyboard.press('PageDown');
  await expect.poll(focused).not.toBe(ids.at(-1));
  await page.keyboard.press('Home');
  await expect.poll(focused).toBe(ids.at(-1));
  await page.keyboard.press('Enter');
  await expect.poll(() => new URL(page.url()).searchParams.get('e')).toBe(ids.at(-1));
  await page.goBack();
  await row(page, ids.at(-1)!).focus();
  await page.keyboard.press('Escape'); // nothing is selected any more
  await page.keyboard.press(' ');
  await expect.poll(() => new URL(page.url()).searchParams.get('live')).toBe('off');
  await emit(4);
  await page.getByRole('button', { name: '4 new' }).waitFor();
  await page.keyboard.press(' ');
  await expect.poll(() => pill(page).count()).toBe(0);
  await page.keyboard.press('Shift+C');
  await expect.poll(() => rowsInView(page)).toEqual([]);
  const [later] = await emit(1);
  await expect.poll(() => rowsInView(page)).toEqual([later]);
  await page.getByRole('button', { name: 'Show older' }).click();
  await row(page, ids.at(-1)!).waitFor();
});

test.skipIf(!hasBrowser)('another filter replaces the rows at once, and only matching events come live', async () => {
  const [other] = await emit(1, { prefix: 'other' });
  const [mine] = await emit(1, { prefix: 'mine' });
  await using opened = await world.open('/');
  const { page } = opened;
  await row(page, other!).waitFor();
  await page.evaluate((address) => {
    history.pushState(null, '', address);
    dispatchEvent(new PopStateEvent('popstate'));
  }, filtered('mine.'));
  await expect.poll(() => rowsInView(page)).toEqual([mine]);
  await emit(1, { prefix: 'other' });
  const [later] = await emit(1, { prefix: 'mine' });
  await expect.poll(() => rowsInView(page)).toEqual([later, mine]);
  await page.goBack();
  await row(page, other!).waitFor();
});
