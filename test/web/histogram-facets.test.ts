import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, emitEvents, hourOfEvents, type Emitted } from './support/emit-events.ts';
import { hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (!hasBrowser) return;
  world = await startFeedWorld();
  await emit(hourOfEvents);
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

const emit = (events: readonly Emitted[]): Promise<void> => emitEvents(world.server, events);
const hour = `since=${at(0)}&until=${at(60)}`;
const totalOf = (page: Page): Locator => page.locator('.histogram .total');
const barAt = (page: Page, minutes: number): Locator => page.locator(`.time-bar[data-start^="${at(minutes).slice(0, 19)}"]`);
const searchOf = (page: Page): URLSearchParams => new URL(page.url()).searchParams;
const until = (page: Page, isTrue: (search: URLSearchParams) => boolean): Promise<void> =>
  page.waitForURL((url) => isTrue(url.searchParams));

describe.skipIf(!hasBrowser)('histogram', () => {
  test('shows the whole range in named bars of the calendar, by kinds, with a table', async () => {
    await using opened = await world.open(`/?${hour}&tz=Europe/Berlin`);
    const { page } = opened;
    await totalOf(page).getByText('60 events').waitFor();
    const names = await page
      .getByRole('button', { name: /^2026-01-05 \d\d:\d\d to/ })
      .evaluateAll((all) => all.map((each) => each.ariaLabel));
    expect(names).toHaveLength(60);
    expect(names[0]).toBe('2026-01-05 11:00 to 11:01: 1 event, acme.order 1');
    expect(await page.locator('.axis .tick text').first().textContent()).toBe('5 Jan 11:00');
    expect(await page.getByRole('list', { name: 'Most frequent events' }).locator('li').allTextContents()).toEqual([
      'acme.order 40',
      'acme.cart-2 5',
      'acme.cart-5 5',
      'acme.cart-8 5',
      'acme.cart-11 4',
      'other 1',
    ]);
    const table = page.getByRole('table', { name: 'Events over time' });
    expect(await table.getByRole('row').count()).toBe(61);
    expect(await table.getByRole('row').nth(1).innerText()).toMatch(/^2026-01-05 11:00 to 11:01\s+1\s+1\s+0/);
  });

  test('without a range spans the events; a kind is a link', async () => {
    await using opened = await world.open('/');
    const { page } = opened;
    await totalOf(page).getByText('60 events').waitFor();
    const bars = await page.locator('.time-bar').evaluateAll((all) => all.map((each) => each.getAttribute('data-start')));
    expect([bars[0], bars.at(-1)]).toEqual(['2026-01-05T10:00:00.000000Z', '2026-01-05T10:59:00.000000Z']);
    await page.getByRole('list', { name: 'Most frequent events' }).getByRole('link', { name: 'acme.order' }).click();
    await totalOf(page).getByText('40 events').waitFor();
    expect(searchOf(page).get('q')).toBe('event:acme.order.*');
  });

  test('a drag zooms, a click shows a bar, a double click and z show more, and Back returns', async () => {
    await using opened = await world.open(`/?${hour}`);
    const { page } = opened;
    await totalOf(page).getByText('60 events').waitFor();
    const box = await page.locator('svg.bars').boundingBox();
    const x = (minutes: number): number => box!.x + (box!.width * minutes) / 60;
    const y = box!.y + 20;
    await page.mouse.move(x(10.5), y);
    await page.mouse.down();
    await page.mouse.move(x(15), y);
    await page.locator('.band').waitFor();
    await page.mouse.move(x(19.5), y);
    await page.mouse.up();
    await totalOf(page).getByText('10 events').waitFor();
    expect(Object.fromEntries(searchOf(page))).toMatchObject({
      since: '2026-01-05T10:10:00.000000Z',
      until: '2026-01-05T10:20:00.000000Z',
    });
    await page.keyboard.press('z');
    await totalOf(page).getByText('30 events').waitFor();
    expect(searchOf(page).get('since')).toBe('2026-01-05T10:00:00.000000Z');
    await page.goBack();
    await page.goBack();
    await totalOf(page).getByText('60 events').waitFor();
    // An edge is dragged inwards.
    await page.mouse.move(box!.x + 2, y);
    await page.mouse.down();
    await page.mouse.move(x(30.5), y);
    await page.mouse.up();
    await totalOf(page).getByText('30 events').waitFor();
    expect(searchOf(page).get('until')).toBe(new Date(at(60)).toISOString().replace('000Z', '000000Z'));
    await page.goBack();
    await totalOf(page).getByText('60 events').waitFor();
    await page.mouse.click(x(5.5), y);
    await totalOf(page).getByText('1 event', { exact: true }).waitFor();
    await page.mouse.dblclick(x(30), y);
    await totalOf(page).getByText('3 events').waitFor();
  });

  test('bars are chosen by keyboard, and h hides them', async () => {
    await using opened = await world.open(`/?${hour}`);
    const { page } = opened;
    await totalOf(page).getByText('60 events').waitFor();
    await page.keyboard.press('h');
    await page.locator('.plot').waitFor({ state: 'detached' });
    await page.keyboard.press('h');
    await barAt(page, 59).waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-start'))).toBe('2026-01-05T10:59:00.000000Z');
    await page.keyboard.press('ArrowLeft');
    for (const _ of [1, 2, 3]) await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await totalOf(page).getByText('3 events').waitFor();
    expect(Object.fromEntries(searchOf(page))).toMatchObject({
      since: '2026-01-05T10:56:00.000000Z',
      until: '2026-01-05T10:59:00.000000Z',
    });
  });

  test('counts live, without moving', async () => {
    await using opened = await world.open('/?q=resource:live.*');
    const { page } = opened;
    await page.getByText('No event matches in this time range.').waitFor();
    const height = async (): Promise<number> => (await page.locator('.histogram').boundingBox())!.height;
    const before = await height();
    await emit([{ event: 'live.begun', occurred: new Date().toISOString(), resource: 'live.1' }]);
    await totalOf(page).getByText('1 event', { exact: true }).waitFor();
    await emit([
      { event: 'live.gone', occurred: new Date().toISOString(), resource: 'live.1' },
      { event: 'ahead.event', occurred: '2999-01-01T00:00:00Z', resource: 'live.2' },
    ]);
    await totalOf(page).getByText('3 events').waitFor();
    await page.getByRole('button', { name: '1 later than now' }).waitFor();
    expect(await height()).toBe(before);
  });

  test('says what the server says, and counts again', async () => {
    await using opened = await world.open(`/?f=${encodeURIComponent('{"text":""}')}`, { allowErrors: true });
    const { page } = opened;
    await page.locator('.histogram').getByRole('alert').getByText('expected at least one term').waitFor();
    expect(await page.getByRole('button', { name: 'Count again' }).isVisible()).toBe(true);
  });
});

describe.skipIf(!hasBrowser)('values', () => {
  const section = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
  const rows = async (of: Locator): Promise<readonly string[]> => {
    await of.locator('.value-item').first().waitFor();
    return await of
      .locator('.value-item')
      .evaluateAll((all) => all.map((each) => `${each.querySelector('.value')?.textContent} ${each.querySelector('.count')?.textContent}`));
  };

  test('are a tree with exact counts, each counted without its own condition', async () => {
    await using opened = await world.open(`/?${hour}&q=${encodeURIComponent('event:acme.order.*')}`);
    const { page } = opened;
    const events = section(page, 'Event');
    expect(await rows(events)).toEqual([
      'acme.order.* 40',
      'acme.cart-2.* 5',
      'acme.cart-5.* 5',
      'acme.cart-8.* 5',
      'acme.cart-11.* 4',
      'login 1',
    ]);
    expect(await rows(section(page, 'Resource'))).toEqual(['acme.shop.* 40']);
    await events.getByRole('button', { name: 'Names beneath acme.order' }).click();
    await events.getByText('shipped').waitFor();
    expect((await rows(events)).slice(0, 3)).toEqual(['acme.order.* 40', 'paid 20', 'shipped 20']);
    await events.getByText('shipped').hover();
    await page.getByRole('button', { name: 'Not event acme.order.shipped' }).click();
    await until(page, (search) => search.get('q')?.includes('-event:acme.order.shipped') === true);
    await totalOf(page).getByText('20 events').waitFor();
    expect((await rows(events)).slice(0, 3)).toEqual(['acme.order.* 40', 'paid 20', 'shipped 20']);
    await page.getByRole('button', { name: 'Not event acme.order.shipped' }).click();
    await totalOf(page).getByText('40 events').waitFor();
    await page.getByRole('button', { name: 'Only event acme.order.*' }).click();
    await totalOf(page).getByText('60 events').waitFor();
  });

  test('of roles and labels are asked for when they are opened, and + and − work by keyboard', async () => {
    await using opened = await world.open(`/?${hour}`);
    const { page } = opened;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.postData() ?? ''));
    await totalOf(page).getByText('60 events').waitFor();
    await section(page, 'Event').locator('.value-item').first().waitFor();
    expect(asked.filter((body) => body.includes('eventFields') || body.includes('"role"'))).toEqual([]);
    await page.getByRole('button', { name: 'Related' }).click();
    await page.getByRole('button', { name: 'actor' }).click();
    expect(await rows(section(page, 'actor'))).toEqual(['acme.user.kiki 30', 'acme.user.otto 30']);
    await page.getByRole('button', { name: 'Labels' }).click();
    await page.getByRole('button', { name: 'region' }).click();
    const region = section(page, 'region');
    expect(await rows(region)).toEqual(['eu 45', 'us 15']);
    await region.getByRole('link', { name: 'us' }).focus();
    await page.keyboard.press('-');
    await totalOf(page).getByText('45 events').waitFor();
    expect(await rows(region)).toEqual(['eu 45', 'us 15']);
    expect(await region.locator('.value-item.not').textContent()).toContain('excluded');
    expect(await opened.violations()).toEqual([]);
    await page.reload();
    expect(await rows(region)).toEqual(['eu 45', 'us 15']);
  });

  test('are shown in full with a search', async () => {
    await using opened = await world.open(`/?${hour}`);
    const { page } = opened;
    await section(page, 'Resource').getByRole('button', { name: 'Names beneath acme.shop' }).click();
    await section(page, 'Resource').getByRole('button', { name: 'Show all' }).click();
    const dialog = page.getByRole('dialog', { name: 'All values of resource in acme.shop.*' });
    await dialog.getByText('15 values').waitFor();
    expect(await opened.violations()).toEqual([]);
    await dialog.getByRole('searchbox').fill('shop.1');
    await dialog.getByText('6 values').waitFor();
    await dialog.getByRole('link', { name: 'acme.shop.14' }).click();
    expect(searchOf(page).get('q')).toBe('resource:acme.shop.14');
  });

  test('keep their order under the pointer while they are counted again', async () => {
    await using opened = await world.open('/?q=resource:order.*');
    const { page } = opened;
    const now = new Date().toISOString();
    await emit([...'aab'].map((letter) => ({ event: `order-${letter}.x`, occurred: now, resource: 'order.1' })));
    const events = section(page, 'Event');
    await page.reload();
    await events.getByText('order-b').hover();
    await totalOf(page).getByText('3 events').waitFor();
    await emit([...'bbb'].map((letter) => ({ event: `order-${letter}.x`, occurred: now, resource: 'order.1' })));
    await events.locator('.value-item', { hasText: 'order-b' }).locator('.count').getByText('4').waitFor({ timeout: 40_000 });
    expect(await rows(events)).toEqual(['order-a.x 2', 'order-b.x 4']);
  });

  test('labels and payload values are chosen as columns, in an order', async () => {
    await using opened = await world.open(`/?${hour}&cols=region`);
    const { page } = opened;
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('checkbox', { name: /^amount/ }).check();
    await page.getByRole('columnheader', { name: 'payload.amount' }).waitFor();
    expect(searchOf(page).get('cols')).toBe('region,payload.amount');
    expect(await opened.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Move amount to the left' }).click();
    await page.getByRole('button', { name: 'Remove region' }).click();
    await until(page, (search) => search.get('cols') === 'payload.amount');
  });

  test('columns are chosen on a phone, too, and stand in the rows with their names', async () => {
    await using opened = await world.open(`/?${hour}`, { width: 390 });
    const { page } = opened;
    const row = page.locator('[data-event-id]').nth(1);
    await row.waitFor();
    expect((await row.boundingBox())?.height).toBe(52);
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('checkbox', { name: /^amount/ }).check();
    await page.keyboard.press('Escape');
    await row.getByRole('gridcell', { name: 'payload.amount 58' }).waitFor();
    await expect.poll(async () => (await row.boundingBox())?.height).toBe(72);
    expect(await opened.violations()).toEqual([]);
  });

  test('are a sheet on narrow screens, opened by a button and by \\, also right after Escape', async () => {
    await using opened = await world.open(`/?${hour}`, { width: 390, theme: 'dark' });
    const { page } = opened;
    await totalOf(page).getByText('60 events').waitFor();
    expect(await page.locator('.value-item').count()).toBe(0);
    await page.getByRole('button', { name: 'Values' }).click();
    const sheet = page.getByRole('dialog', { name: 'Values' });
    await sheet.locator('.value-item').first().waitFor();
    expect(await opened.violations()).toEqual([]);
    for (let round = 0; round < 10; round++) {
      await Promise.all([page.keyboard.press('Escape'), page.keyboard.press('\\')]);
      await sheet.waitFor();
    }
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  });

  test('\\ hides them on wide screens', async () => {
    await using opened = await world.open(`/?${hour}`);
    const { page } = opened;
    await page.getByRole('complementary', { name: 'Values' }).waitFor();
    await page.keyboard.press('\\');
    await page.getByRole('complementary', { name: 'Values' }).waitFor({ state: 'detached' });
  });

  test('names are text', async () => {
    const hostile = '<img src=x onerror=alert(1)>\u202Egpj';
    await emit([
      { event: `${hostile}.b`, occurred: '2020-01-01T00:00:00Z', resource: hostile, labels: { [hostile]: hostile }, actor: hostile },
    ]);
    await using opened = await world.open('/?since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z');
    const { page } = opened;
    await totalOf(page).getByText('1 event', { exact: true }).waitFor();
    const shown = String.raw`<img src=x onerror=alert(1)>\u{202e}gpj`;
    for (const name of ['Labels', 'Related']) await page.getByRole('button', { name, exact: true }).click();
    await section(page, 'Labels').getByRole('button', { name: shown }).click();
    await section(page, 'Labels').locator('.value-item', { hasText: shown }).waitFor();
    await section(page, 'Event').getByRole('link', { name: shown }).click();
    await totalOf(page).getByText('1 event', { exact: true }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
  });
});
