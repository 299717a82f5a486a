import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';
import { emitDocuments } from './support/emit-events.ts';
import { documentOf, soon } from './support/event-documents.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (!hasBrowser) return;
  world = await startFeedWorld();
  await emit(60);
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

let emitted = 0;

/** Emits events `1`, `2`, …, in the order of the log. */
async function emit(count: number): Promise<void> {
  const ids = Array.from({ length: count }, () => String((emitted += 1)));
  await emitDocuments(
    world.server,
    ids.map((id) => JSON.stringify(documentOf(id, Number(id), {}))),
  );
}

/** The ids of the events around, the newest first. */
async function shownIds(page: Page): Promise<readonly number[]> {
  return await page.locator('.around-row').evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset['eventId'])));
}

/** Numbers from one down to another one. */
function down(from: number, to: number): readonly number[] {
  return Array.from({ length: from - to + 1 }, (_, index) => from - index);
}

async function scrollTo(page: Page, top: number): Promise<void> {
  await page.locator('.around-events').evaluate((scroller, px) => (scroller.scrollTop = px), top);
}

async function topOf(page: Page, id: number): Promise<number> {
  return (await page.locator(`.around-row[data-event-id="${id}"]`).boundingBox())!.y;
}

test.skipIf(!hasBrowser)('events that arrive appear at the top; while the reader has scrolled they wait, and no row moves', async () => {
  await using opened = await world.open(`/?e=${emitted}&v=around`);
  const { page } = opened;
  const first = emitted;
  await page.getByText('New events appear here').waitFor();
  await emit(2);
  await soon(() => shownIds(page)).toEqual(down(first + 2, first - 25));

  await page.setViewportSize({ width: 1440, height: 500 });
  await scrollTo(page, 100);
  const kept = await topOf(page, first - 5);
  const pill = page.getByRole('main', { name: 'Around the event' }).getByRole('button', { name: /\bnew\b/ });
  await emit(3);
  await pill.getByText('3 new').waitFor();
  expect(await shownIds(page)).toEqual(down(first + 2, first - 25));
  expect(await topOf(page, first - 5)).toBe(kept);
  expect(await opened.violations()).toEqual([]);
  await pill.click();
  await soon(() => shownIds(page)).toEqual(down(first + 5, first - 25));
  expect(await topOf(page, first - 5)).toBe(kept);
  await pill.getByText('3 new above').click();
  await emit(1);
  await soon(() => shownIds(page)).toEqual(down(first + 6, first - 25));
  expect(await pill.count()).toBe(0);

  await page.locator('.around-row').first().focus();
  await emit(1);
  await pill.getByText('1 new').waitFor();
  await page.locator('.around-row').first().blur();
  await soon(() => shownIds(page)).toEqual(down(first + 7, first - 25));
});

test.skipIf(!hasBrowser)('before the end of the log, no event is skipped: neither by pages nor when very many arrive', async () => {
  await using opened = await world.open('/?e=10&v=around');
  const { page } = opened;
  /** Presses the button as long as it is there, also while a page is requested. */
  const loadNewer = async (): Promise<readonly number[]> => {
    await page
      .locator('.around-edge button', { hasText: '25 newer' })
      .evaluateAll(([button]) => (button as HTMLElement | undefined)?.click());
    return await shownIds(page);
  };
  await soon(() => shownIds(page)).toEqual(down(35, 1));
  await emit(1);
  await soon(loadNewer).toEqual(down(emitted, 1));

  await scrollTo(page, 0);
  const most = emitted + 500;
  await emit(500);
  await soon(() => shownIds(page)).toEqual(down(most, 1));
  await emit(1);
  await page.getByRole('button', { name: '25 newer' }).waitFor();
  expect(await shownIds(page)).toEqual(down(most, 1));
  await soon(loadNewer).toEqual(down(emitted, 1));
  await scrollTo(page, 0);
  await emit(1);
  await soon(() => shownIds(page)).toEqual(down(emitted, 1));
});
