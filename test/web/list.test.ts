import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTidings } from '../../src/client/tidings-client.ts';
import { freePort } from '../support/free-port.ts';
import { startProcess } from '../support/process.ts';
import { hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';
import { soon } from './support/event-documents.ts';

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
  await soon(async () => (await rowsInView(page)).slice(0, 3)).toEqual([second, first, before[2]]);
  await soon(() => page.getByRole('grid', { name: 'Events' }).getAttribute('aria-rowcount')).toBe(
    String(2 + (await rowsInView(page)).length - 1),
  );
  await soon(() => row(page, second!).getAttribute('aria-rowindex')).toBe('2');
  expect(await opened.violations()).toEqual([]);
});

test.skipIf(!hasBrowser)('a list that is scrolled holds new events; revealed above, the row in view does not move', async () => {
  await emit(200);
  await using opened = await world.open('/');
  const { page } = opened;
  await page.locator('[data-event-id]').first().waitFor();
  await page.locator('.scroller').evaluate((element) => (element.scrollTop = 300));
  await soon(() => page.locator('.scroller').evaluate((element) => element.scrollTop)).toBe(300);
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
  await soon(async () => (await rowsInView(page))[0]).toBe(ids.at(-1));
  await soon(() => pill(page).count()).toBe(0);
  const [live] = await emit(1); // at the top it follows again
  await row(page, live!).waitFor();
});

test.skipIf(!hasBrowser)('an opened event holds the list, and nothing moves when it is closed', async () => {
  await emit(50);
  await using opened = await world.open('/');
  const { page } = opened;
  const id = (await page.locator('[data-event-id]').nth(4).getAttribute('data-event-id'))!;
  await row(page, id).click();
  await page.getByRole('region', { name: 'Open event' }).waitFor();
  const place = await topOf(page, id);
  await emit(5);
  await page.getByRole('button', { name: '5 new' }).waitFor();
  expect(await topOf(page, id)).toBe(place);
  await page.goBack();
  await soon(() => new URL(page.url()).searchParams.get('e')).toBe(null);
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
  await soon(() => rowsInView(page)).toEqual([...later.toReversed(), ...ids.toReversed(), late]);
  await soon(() => row(page, late!).textContent()).toContain('late 3 h');
});

test.skipIf(!hasBrowser)('only the list has a button whose name contains new', async () => {
  await emit(60);
  await using opened = await world.open('/?live=off');
  const { page } = opened;
  await page.locator('[data-event-id]').first().waitFor();
  await soon(() => page.getByRole('status').first().textContent()).toMatch(/^Paused/);
  await emit(7);
  await soon(() => pill(page).allTextContents()).toEqual(['▲ 7 new']);
});

test.skipIf(!hasBrowser)('keys move, open, close, pause and clear', async () => {
  const ids = await emit(40);
  await using opened = await world.open('/');
  const { page } = opened;
  await row(page, ids.at(-1)!).waitFor();
  const focused = (): Promise<string | undefined> => page.evaluate(() => (document.activeElement as HTMLElement).dataset['eventId']);
  await page.keyboard.press('j');
  await soon(focused).toBe(ids.at(-1));
  await page.keyboard.press('ArrowDown');
  await soon(focused).toBe(ids.at(-2));
  await page.keyboard.press('k');
  await soon(focused).toBe(ids.at(-1));
  await page.keyboard.press('PageDown');
  await soon(focused).not.toBe(ids.at(-1));
  await page.keyboard.press('Home');
  await soon(focused).toBe(ids.at(-1));
  await page.keyboard.press('Enter');
  await soon(() => new URL(page.url()).searchParams.get('e')).toBe(ids.at(-1));
  await page.goBack();
  await row(page, ids.at(-1)!).focus();
  await page.keyboard.press('Escape'); // nothing is selected any more
  await page.keyboard.press(' ');
  await soon(() => new URL(page.url()).searchParams.get('live')).toBe('off');
  await emit(4);
  await page.getByRole('button', { name: '4 new' }).waitFor();
  await page.keyboard.press(' ');
  await soon(() => pill(page).count()).toBe(0);
  await page.keyboard.press('Shift+C');
  await soon(() => rowsInView(page)).toEqual([]);
  const [later] = await emit(1);
  await soon(() => rowsInView(page)).toEqual([later]);
  await page.getByRole('button', { name: 'Show older' }).click();
  await row(page, ids.at(-1)!).waitFor();
});

test.skipIf(!hasBrowser)('another filter replaces the rows at once, and only matching events come live', async () => {
  const prefix = `mine${stored}`; // a second attempt finds the events of the first one
  const [other] = await emit(1, { prefix: 'other' });
  const [mine] = await emit(1, { prefix });
  await using opened = await world.open('/');
  const { page } = opened;
  await row(page, other!).waitFor();
  await page.evaluate(
    (address) => {
      history.pushState(null, '', address);
      dispatchEvent(new PopStateEvent('popstate'));
    },
    filtered(`${prefix}.`),
  );
  await soon(() => rowsInView(page)).toEqual([mine]);
  await emit(1, { prefix: 'other' });
  const [later] = await emit(1, { prefix });
  await soon(() => rowsInView(page)).toEqual([later, mine]);
  await page.goBack();
  await row(page, other!).waitFor();
});

test.skipIf(!hasBrowser)('100,000 rows are loaded and scrolled with at most 60 in the document', async () => {
  await using opened = await world.open('/?live=off&tz=UTC');
  const { page } = opened;
  const pageRows = 20_000;
  const nodesFrom = (from: number): readonly object[] =>
    Array.from({ length: pageRows }, (_, n) => ({
      id: `many-${from + n}`,
      cursor: `cursor-${from + n}`,
      event: 'acme.order.paid',
      occurred: new Date(Date.UTC(2026, 0, 2) - (from + n) * 10).toISOString().replace('Z', '000Z'),
      received: '2026-01-02T00:00:00.000000Z',
      resource: { id: `acme.order.${from + n}`, name: null },
      related: [],
      follows: null,
      payloadBytes: 2,
    }));
  // Pages as the server would send them, but larger: a hundred thousand events need not be stored for this.
  await page.route('**/graphql', async (route) => {
    const { query, variables } = route.request().postDataJSON() as { query: string; variables: { after?: string } };
    if (!query.includes('query Page')) return await route.continue();
    const from = variables.after === undefined ? 0 : Number(variables.after.slice('end-'.length));
    const pageInfo = {
      hasNextPage: from + pageRows < 100_000,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: `end-${from + pageRows}`,
    };
    const { head } = await world.server.data('{ head }');
    await route.fulfill({ json: { data: { events: { head, nodes: nodesFrom(from), pageInfo } } } });
  });
  await page.reload();
  await row(page, 'many-0').waitFor();
  const scroller = page.locator('.scroller');
  await soon(() =>
    scroller.evaluate((element) => {
      element.scrollTop = element.scrollHeight;
      return element.querySelector('.space')?.clientHeight;
    }),
  ).toBe(100_000 * 28);
  await row(page, 'many-99999').waitFor();
  for (const index of [50_000, 12, 99_000, 0, 31_415]) {
    await scroller.evaluate((element, top) => (element.scrollTop = top), index * 28);
    await row(page, `many-${index}`).waitFor();
    const below = async (): Promise<number> => (await row(page, `many-${index}`).boundingBox())!.y - (await scroller.boundingBox())!.y;
    await soon(async () => Math.abs(await below())).toBeLessThanOrEqual(1);
    const ids = await rowsInView(page);
    expect(ids.length).toBeLessThanOrEqual(60);
    const first = Number(ids[0]!.slice('many-'.length));
    expect(ids).toEqual(ids.map((_, n) => `many-${first + n}`));
  }
});

test.skipIf(!hasBrowser)('a server that is killed and comes back: every event is in the list once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-list-'));
  const environment = { PORT: String(await freePort()), DATA_DIR: join(folder, 'data') };
  let { child, url } = await startProcess(environment);
  try {
    await using opened = await world.open('/', { origin: url, allowErrors: true });
    const { page } = opened;
    const status = page.getByRole('status').first();
    await using tidings = createTidings(url, { onProblem: () => undefined });
    const ids: string[] = [];
    const emitSome = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) {
        ids.push(tidings.emit('acme.order.paid', { resource: 'acme.order.1', id: `killed-${ids.length}` }).id);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await emitSome(12);
    await row(page, ids[11]!).waitFor();
    const exit = once(child, 'exit');
    void emitSome(12);
    child.kill('SIGKILL');
    await exit;
    await soon(() => status.textContent()).toMatch(/^Reconnecting/);
    expect(await row(page, ids[3]!).isVisible()).toBe(true); // the list stays
    ({ child, url } = await startProcess(environment));
    await tidings.flush({ timeoutMs: 40_000 });
    await soon(() => status.textContent()).toMatch(/^Live/);
    await emitSome(1);
    await row(page, ids.at(-1)!).waitFor();
    expect(ids).toHaveLength(25);
    const { nodes } = await tidings.page({ first: 1000 });
    expect(nodes.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    await soon(() => rowsInView(page)).toEqual(nodes.map(({ id }) => id));
  } finally {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
    rmSync(folder, { recursive: true, force: true });
  }
});
