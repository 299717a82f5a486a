import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page, WebSocket } from 'playwright-core';
import { startFlakyProxy } from '../support/database/flaky-proxy.ts';
import { hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';
import { emitDocuments } from './support/emit-events.ts';
import { documentOf, soon } from './support/event-documents.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (hasBrowser) world = await startFeedWorld();
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

let emitted = 0;

/** Emits events `1`, `2`, …, each a second later than the one before. */
async function emit(count: number, more: object = {}): Promise<void> {
  const ids = Array.from({ length: count }, () => (emitted += 1));
  await emitDocuments(
    world.server,
    ids.map((id) => JSON.stringify(documentOf(String(id), id, more))),
  );
}

/** The ids of all rows, first to last: scrolls to those that it has not seen yet, and back to the top. */
async function allRows(page: Page): Promise<readonly number[]> {
  return await page.getByRole('grid', { name: 'Events' }).evaluate(async (grid) => {
    const scroller = grid.querySelector('.scroller')!;
    const ids = Array<number>(Number(grid.ariaRowCount) - 1).fill(0);
    for (let tries = 0; tries < 100 && ids.includes(0); tries += 1) {
      scroller.scrollTop = ids.indexOf(0) * 28;
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      for (const row of scroller.querySelectorAll<HTMLElement>('[data-event-id]')) {
        ids[Number(row.ariaRowIndex) - 2] = Number(row.dataset['eventId']);
      }
    }
    scroller.scrollTop = 0;
    return ids;
  });
}

/** The texts of the connection status from now on, each when it changes. */
async function recordStatus(page: Page): Promise<() => Promise<readonly string[]>> {
  const records = await page
    .getByRole('status')
    .first()
    .evaluateHandle((status) => {
      const texts = [status.textContent];
      new MutationObserver(() => texts.push(status.textContent)).observe(status, { characterData: true, childList: true, subtree: true });
      return texts;
    });
  return () => records.jsonValue();
}

/** Numbers from one down to another one, without it. */
const numbersDown = (from: number, to = 0): readonly number[] => Array.from({ length: from - to }, (_, index) => from - index);

test.skipIf(!hasBrowser)(
  'a page that falls behind says that it catches up, and then has each event once',
  async () => {
    await using proxy = await startFlakyProxy(world.server.tidings.url);
    await emit(3);
    await using opened = await world.open('/', { origin: `http://127.0.0.1:${proxy.port}` });
    const { page } = opened;
    await page.clock.install();
    await page.reload();
    const status = page.getByRole('status').first();
    await status.getByText('Live').waitFor();
    const statusTexts = await recordStatus(page);
    // However long it takes, the page does not notice that it receives nothing.
    await page.clock.pauseAt(Date.now() + 60_000);
    const release = proxy.hold();
    const name = 'n'.repeat(10_000);
    const long = { 'prefect.resource.id': 'acme.user.kiki', 'prefect.resource.role': 'actor', 'prefect.resource.name': name };
    while ((await slowConsumers()) === 0) await emit(100, { related: [long] });
    // Beyond what the server keeps in memory. The list does not receive payloads.
    for (let count = 0; count < 36; count += 12) await emit(12, { payload: { text: 'p'.repeat(1_000_000) } });
    release();
    await page.clock.resume();
    await page.locator(`[data-event-id="${emitted}"]`).waitFor({ timeout: 90_000 });
    await soon(statusTexts).toEqual(['Live', 'Catching up', 'Live']);
    await soon(() => allRows(page)).toEqual(numbersDown(emitted));
  },
  180_000,
);

async function slowConsumers(): Promise<number> {
  const text = await (await fetch(`${world.server.tidings.url}/metrics`)).text();
  return Number(/^tidings_slow_consumers (\d+)$/m.exec(text)?.[1]);
}

test.skipIf(!hasBrowser)('a tab that is hidden for five minutes closes its subscriptions, and misses nothing when it is seen', async () => {
  const before = emitted;
  const door = { event: `acme.door.opened-${before}` }; // of its own, in a further attempt too
  await emit(3, door);
  await using opened = await world.open(`/?q=event:${door.event}`);
  const { page } = opened;
  // The first page opens no socket any more when they are counted.
  await page.locator('.histogram .total').getByText('3 events').waitFor();
  await page.getByRole('status').first().getByText('Live').waitFor();
  await page.clock.install();
  const sockets = new Set<WebSocket>();
  page.on('websocket', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await page.reload();
  const status = page.getByRole('status').first();
  await status.getByText('Live').waitFor();
  await soon(() => sockets.size).toBe(2); // the list and the histogram
  // A jump of the clock ends the wait of one that has no result yet.
  await page.locator('.histogram .total').getByText('3 events').waitFor();
  await setHidden(page, true);
  await page.clock.fastForward('04:00');
  await emit(1, door);
  await page.locator(`[data-event-id="${emitted}"]`).waitFor({ state: 'attached' });
  expect(sockets.size).toBeGreaterThan(0); // the jump can end one whose answer it overtook
  await page.clock.fastForward('01:00');
  await soon(() => sockets.size).toBe(0);
  await emit(2, door);
  await page.clock.fastForward('30:00');
  expect(sockets.size).toBe(0);
  await setHidden(page, false);
  await soon(() => allRows(page)).toEqual(numbersDown(emitted, before));
  await status.getByText('Live').waitFor();
  await soon(() => sockets.size).toBe(2);
  await emit(1, door);
  await soon(() => allRows(page)).toEqual(numbersDown(emitted, before));
});

/** The browser has one window: what the page sees of a tab in the background. */
async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
    Object.defineProperty(document, 'visibilityState', { configurable: true, value: hidden ? 'hidden' : 'visible' });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}

test.skipIf(!hasBrowser)(
  'a server that limits requests: its sentence, the seconds until the next attempt, and the last list stays',
  async () => {
    await emit(3);
    await using opened = await world.open('/', { allowErrors: true });
    const { page } = opened;
    const status = page.getByRole('status').first();
    await status.getByText('Live').waitFor();
    let limited: RegExp | null = /query Page.*"text":"paid"/s;
    await page.route('**/graphql', async (route) => {
      if (limited?.test(route.request().postData() ?? '') !== true) return await route.continue();
      const extensions = { code: 'LIMIT_EXCEEDED', retryAfterMs: 50_000 };
      return await route.fulfill({ status: 429, json: { errors: [{ message: 'expected at most 9 requests in a minute', extensions }] } });
    });
    const box = page.getByRole('combobox', { name: 'Filter', exact: true });
    await box.fill('paid');
    await box.press('Enter');
    await status.getByText('Paused: too many requests').waitFor();
    const refusal = page.locator('.filter-summary').getByRole('alert');
    await refusal.getByText('expected at most 9 requests in a minute').waitFor();
    const seconds = async (): Promise<number> => Number(await refusal.locator('[data-seconds]').getAttribute('data-seconds'));
    const first = await seconds();
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(50);
    await soon(seconds).toBeLessThan(first);
    expect(await page.locator('.list [data-event-id]').count()).toBeGreaterThan(0);
    limited = null;
    await refusal.getByRole('button', { name: 'Try again' }).click();
    await status.getByText('Live').waitFor();
    await soon(() => refusal.count()).toBe(0);

    limited = /query OpenEvent/;
    await page.locator('.list [data-event-id]').first().click();
    const problem = page.getByRole('region', { name: 'Open event' }).getByRole('alert');
    await problem.getByText('expected at most 9 requests in a minute').waitFor();
    await soon(() => problem.locator('[data-seconds]').count()).toBe(1);
    expect(await opened.violations()).toEqual([]);
    limited = null;
    await problem.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('region', { name: 'Open event' }).getByRole('heading', { name: 'acme.order.paid' }).waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  },
);
