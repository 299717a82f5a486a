import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { at, emitEvents, hourOfEvents } from './support/emit-events.ts';
import { soon } from './support/event-documents.ts';
import { addressOf, hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (!hasBrowser) return;
  world = await startFeedWorld();
  const chain = Array.from({ length: 90 }, (_, n) => ({
    id: `step-${n}`,
    event: 'long.step',
    occurred: at(n / 10),
    resource: `acme.step.${n}`,
    follows: n === 0 ? null : `step-${n - 1}`,
  }));
  await emitEvents(world.server, [...hourOfEvents, ...chain]);
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

const hour = `since=${at(0)}&until=${at(60)}`;

/**
 * Presses keys without a frame, a timer or another task in between, as a page gets them that was
 * busy. `click:SELECTOR` clicks, `close` closes the popover as Escape does. Returns what has the focus after each.
 */
async function atOnce(page: Page, ...steps: readonly string[]): Promise<readonly string[]> {
  return await page.evaluate(async (all) => {
    const focused: string[] = [];
    for (const step of all) {
      const [, selector] = /^click:(.*)$/.exec(step) ?? [];
      const target = document.activeElement ?? document.body;
      if (step === 'close') document.querySelector<HTMLElement>(':popover-open')?.hidePopover();
      else if (selector !== undefined) document.querySelector<HTMLElement>(selector)?.click();
      else target.dispatchEvent(new KeyboardEvent('keydown', { key: step, bubbles: true, cancelable: true }));
      for (let turn = 0; turn < 50; turn += 1) await undefined; // what is rendered is rendered in microtasks
      const { dataset, ariaLabel, tagName } = document.activeElement as HTMLElement;
      focused.push(dataset['eventId'] ?? dataset['start'] ?? ariaLabel ?? tagName);
    }
    return focused;
  }, steps);
}

const view = async (page: Page): Promise<object> => Object.fromEntries((await addressOf(page)).searchParams);

test.skipIf(!hasBrowser)('keys of the list that come faster than frames: each starts from where the one before went', async () => {
  await using opened = await world.open(`/?${hour}`);
  const { page } = opened;
  const rows = page.locator('.list [data-event-id]');
  await rows.first().waitFor();
  const ids = await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-event-id')));
  expect(await atOnce(page, 'j', 'j', 'ArrowDown', 'k')).toEqual([ids[0], ids[1], ids[2], ids[1]]);
  const [first, second, above, again] = await atOnce(page, 'PageDown', 'PageDown', 'ArrowUp', 'ArrowDown');
  expect(new Set([first, second, above]).size).toBe(3);
  expect(again).toBe(second);
  await atOnce(page, 'Enter', 'k', 'c');
  await soon(() => view(page)).toMatchObject({ e: above, v: 'chain' });
  await atOnce(page, 'Escape', 'x', 'Escape', 'x');
  await soon(() => view(page)).toMatchObject({ e: above, v: 'around' });
});

test.skipIf(!hasBrowser)('the focus moves with the key that opens or closes a menu, so that the next key is its own', async () => {
  await using opened = await world.open(`/?${hour}&q=event:acme.*`);
  const { page } = opened;
  await page.locator('[data-event-id]').first().waitFor();
  const popover = page.locator(':popover-open');
  await atOnce(page, 't', 't', '[', 'j');
  expect(await popover.count()).toBe(1); // it took the other keys
  await soon(() => view(page)).toMatchObject({ since: at(0) });
  await page.getByRole('textbox', { name: 'From' }).focus();
  await atOnce(page, 'close', '[');
  await soon(() => view(page)).toMatchObject({ since: '2026-01-05T09:00:00.000000Z' });
  expect(await popover.count()).toBe(0);
  expect(await atOnce(page, 'click:.condition-text')).toEqual(['Edit condition 1']);
});

test.skipIf(!hasBrowser)('a menu that is opened while another one closes opens', async () => {
  await using opened = await world.open('/?e=step-1');
  const { page } = opened;
  await emitEvents(world.server, [
    { id: 'several', event: 'late.several', occurred: at(1), resource: 'r', payload: { first: { second: 1 }, third: 2 } },
  ]);
  await page.goto(`${world.server.tidings.url}/?e=several`);
  await page.locator('[data-path="third"] .payload-key').waitFor();
  await page.locator('[data-path="first"] .payload-key').first().click();
  await page.getByRole('group', { name: 'Path' }).getByRole('button', { name: 'Copy the path' }).waitFor();
  await atOnce(page, 'close', 'click:[data-path="third"] .payload-key');
  await page.getByRole('button', { name: 'Only events with this value' }).click();
  await soon(() => view(page)).toMatchObject({ q: 'payload.third=2' });
});

test.skipIf(!hasBrowser)('the histogram: zooming twice at once, its first bar after h, and a double click that is seen late', async () => {
  await using opened = await world.open(`/?${hour}&q=event:acme.*`);
  const { page } = opened;
  const total = page.locator('.histogram .total');
  await total.getByText('59 events').waitFor();
  expect(await atOnce(page, 'h', 'h', 'ArrowLeft')).toEqual([
    expect.anything(),
    '2026-01-05T10:58:00.000000Z',
    '2026-01-05T10:57:00.000000Z',
  ]);
  await atOnce(page, 'z', 'z');
  await soon(() => view(page)).toMatchObject({ since: '2026-01-05T06:00:00.000000Z', until: '2026-01-05T15:00:00.000000Z' });
  await page.goBack();
  await page.goBack();
  await soon(() => view(page)).toMatchObject({ since: at(0) });
  await total.getByText('59 events').waitFor();
  const box = (await page.locator('svg.bars').boundingBox())!;
  const point = [box.x + box.width / 2, box.y + 20] as const;
  await page.mouse.click(...point);
  await total.getByText('1 event', { exact: true }).waitFor();
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  await soon(() => view(page)).toMatchObject({ since: '2026-01-05T09:00:00.000000Z', until: '2026-01-05T12:00:00.000000Z' });
  await page.goBack();
  await soon(() => view(page)).toMatchObject({ since: at(0), until: at(60) });
});

test.skipIf(!hasBrowser)('Escape closes a dialog whose code is being loaded, and then the open event', async () => {
  await using opened = await world.open('/about:blank', { allowErrors: true });
  const { page } = opened;
  const load = await holdModules(page, '**/assets/help-dialog-*.js');
  await page.goto(`${world.server.tidings.url}/?e=step-1`);
  await page.getByRole('region', { name: 'Open event' }).waitFor();
  const loading = page.waitForRequest('**/assets/help-dialog-*.js');
  await page.keyboard.press('?');
  await loading;
  await page.keyboard.press('Escape');
  expect(await view(page)).toEqual({ e: 'step-1' });
  await page.keyboard.press('Escape');
  await soon(() => view(page)).toEqual({});
  load();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
});

test.skipIf(!hasBrowser)('keys of a part that is being loaded are pressed again when it is there', async () => {
  await using opened = await world.open('/about:blank', { allowErrors: true });
  const { page } = opened;
  const load = await holdModules(page, '**/assets/histogram-*.js');
  await page.goto(`${world.server.tidings.url}/?${hour}`);
  await page.locator('[data-event-id]').first().waitFor();
  await page.keyboard.press('z');
  expect(await view(page)).toMatchObject({ since: at(0) });
  load();
  await soon(() => view(page)).toMatchObject({ since: '2026-01-05T09:00:00.000000Z', until: '2026-01-05T12:00:00.000000Z' });
});

test.skipIf(!hasBrowser)('a page down in a chain keeps the focus', async () => {
  await using opened = await world.open('/?e=step-0&v=chain');
  const { page } = opened;
  const focused = (): Promise<string | undefined> => page.evaluate(() => (document.activeElement as HTMLElement).dataset['eventId']);
  await page.locator('[role="treeitem"][data-event-id="step-0"]').focus();
  await page.keyboard.press('End');
  await soon(focused).toBe('step-89');
  await page.locator('[role="treeitem"][data-event-id="step-0"]').waitFor({ state: 'detached' });
  await page.keyboard.press('ArrowUp');
  await soon(focused).toBe('step-88');
  expect(await atOnce(page, 'Home', 'ArrowDown', 'j')).toEqual(['step-0', 'step-1', 'step-2']);
});

/** Holds modules back until the function that is returned is called. */
async function holdModules(page: Page, url: string): Promise<() => void> {
  let load: () => void = () => undefined;
  const isLoaded = new Promise<void>((resolve) => (load = resolve));
  await page.route(url, async (route) => {
    await isLoaded;
    await route.continue();
  });
  return load;
}
