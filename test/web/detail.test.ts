import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { addressOf, hasBrowser, startFeedWorld, type FeedPage, type FeedWorld } from './support/feed-page.ts';
import { documentOf, soon } from './support/event-documents.ts';

const control = '\u0007\u202egnp.exe\u2066';
const script = '<img src=x onerror=alert(1)><script>alert(1)</script>';
const hostile = `${script}${control}"'&javascript:alert(1)`;

const events = [
  ...Array.from({ length: 60 }, (_, n) => documentOf(`order-${n}`, n, { event: n % 2 === 0 ? 'acme.order.paid' : 'acme.order.shipped' })),
  documentOf('opened', 30.5, {
    event: 'acme.order.packed',
    related: [
      { 'prefect.resource.id': 'acme.user.kiki', 'prefect.resource.role': 'actor', 'prefect.resource.name': 'Kiki' },
      { 'prefect.resource.id': 'acme.parcel.1', 'prefect.resource.role': 'parcel' },
    ],
    payload: {
      amount: 12.5,
      list: [{ weight: 1 }, { weight: 2 }],
      address: 'https://example.com/a?b=c',
      'a.b': { '*': 'starred' },
      long: 'lorem '.repeat(300),
    },
    follows: 'order-30',
  }),
  documentOf('hostile', 40, {
    event: hostile,
    resource: { 'prefect.resource.id': hostile, 'prefect.resource.name': hostile, [hostile]: hostile },
    related: [{ 'prefect.resource.id': hostile, 'prefect.resource.role': hostile, 'prefect.resource.name': hostile, [hostile]: hostile }],
    payload: {
      [hostile]: hostile,
      link: 'javascript:alert(1)',
      other: 'data:text/html,<script>alert(1)</script>',
      nested: { [hostile]: [hostile] },
    },
    follows: hostile,
  }),
  documentOf('big', 50, {
    payload: { rows: Array.from({ length: 9000 }, (_, n) => ({ n, text: `row number ${n}`, tags: ['a', 'b'], more: 'x'.repeat(80) })) },
  }),
].toSorted((a, b) => (a.occurred < b.occurred ? -1 : 1));

let world: FeedWorld;
beforeAll(async () => {
  if (!hasBrowser) return;
  world = await startFeedWorld();
  const exact = JSON.stringify(documentOf('exact', 45, {})).replace('"payload":{}', '"payload":{"count":9007199254740993}');
  const body = `[${[...events.map((event) => JSON.stringify(event)), exact].join()}]`;
  const response = await fetch(`${world.server.tidings.url}/api/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(await response.text());
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

describe.skipIf(!hasBrowser)('the open event', () => {
  test('is shown by its link alone, with exact times, resources, payload and neighbours in its chain', async () => {
    await using opened = await world.open('/?e=opened&tz=Europe/Berlin');
    const panel = await panelOf(opened);
    await panel.getByRole('heading', { name: 'acme.order.packed' }).waitFor();
    for (const text of ['2026-11-23 15:00:30.500000 +01:00', '2026-11-23 14:00:30.500000 UTC', 'Kiki', 'acme.user.kiki', '"starred"']) {
      await panel.getByText(text).first().waitFor();
    }
    await panel.getByRole('link', { name: '−500 ms acme.order.paid Order 4711' }).click();
    await panel.getByRole('heading', { name: 'acme.order.paid' }).waitFor();
    await soon(async () => (await addressOf(opened.page)).searchParams.get('e')).toBe('order-30');
    await opened.page.goBack();
    await panel.getByRole('heading', { name: 'acme.order.packed' }).waitFor();
  });

  test('offers every value: only, not, copied; a key of the payload as a filter, a column and a path', async () => {
    await using opened = await world.open('/?e=opened');
    await opened.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const panel = await panelOf(opened);
    const query = async (): Promise<string | null> => (await addressOf(opened.page)).searchParams.get('q');
    await panel.getByText('"starred"').waitFor();
    expect(await opened.violations()).toEqual([]);
    await panel.getByRole('link', { name: 'eu' }).click();
    await soon(query).toBe('label.region=eu');
    await panel.getByRole('link', { name: 'Kiki acme.user.kiki' }).press('-');
    await soon(query).toBe('label.region=eu -related.actor=acme.user.kiki');
    await panel.getByRole('button', { name: 'Copy region eu' }).focus();
    await opened.page.keyboard.press('Enter');
    await soon(() => clipboard(opened.page)).toBe('eu');

    await panel.getByRole('button', { name: '*', exact: true }).click();
    await opened.page.getByRole('button', { name: 'Copy the path' }).click();
    await soon(() => clipboard(opened.page)).toBe('"a.b"."*"');
    await panel.getByRole('button', { name: 'amount', exact: true }).click();
    await opened.page.getByRole('button', { name: 'Copy the path' }).waitFor();
    await opened.page.keyboard.press('ArrowDown');
    await opened.page.keyboard.press('ArrowDown');
    await opened.page.keyboard.press('Enter');
    await soon(async () => (await addressOf(opened.page)).searchParams.get('cols')).toBe('payload.amount');
    await panel.getByRole('button', { name: 'amount', exact: true }).click();
    await opened.page.getByRole('button', { name: 'Only events with this value' }).click();
    await soon(query).toContain('payload.amount=12.5');
  });

  test('is copied as a link with absolute times, document, row, query and commands', async () => {
    await using opened = await world.open('/?e=opened&since=-30d&q=event:acme.order.*');
    await opened.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const panel = await panelOf(opened);
    const copied = async (name: string): Promise<string> => {
      await opened.page.evaluate(() => navigator.clipboard.writeText(''));
      await panel.getByRole('button', { name: 'Copy', exact: true }).click();
      await opened.page.locator(':popover-open').getByRole('button', { name }).first().click();
      await soon(() => clipboard(opened.page)).not.toBe('');
      return await clipboard(opened.page);
    };
    const link = new URL(await copied('Link'));
    expect(link.searchParams.get('e')).toBe('opened');
    expect(link.searchParams.get('since')).toMatch(/^\d{4}-.*Z$/);
    const document = JSON.parse(await copied('JSON document')) as object;
    expect(document).toMatchObject({
      id: 'opened',
      event: 'acme.order.packed',
      resource: { 'prefect.resource.id': 'acme.order.4711', region: 'eu' },
      follows: 'order-30',
    });
    expect(await copied('Row as text')).toBe(
      '2026-11-23T14:00:30.500000Z  acme.order.packed  Order 4711  actor=Kiki  parcel=acme.parcel.1',
    );
    const { data } = await world.server.execute(await copied('GraphQL query'));
    expect(data.event.id).toBe('opened');
    expect(await copied('curl')).toContain(`curl ${world.server.tidings.url}/graphql`);
    expect(await copied('TypeScript')).toContain('await tidings.event("opened")');
  });

  test('outside the filter: the panel says why, and shows it in its surroundings', async () => {
    await using opened = await world.open('/?e=opened&q=event:acme.order.paid');
    const panel = await panelOf(opened);
    await panel.getByText('expected that the event is "acme.order.paid", got acme.order.packed').waitFor();
    await panel.getByRole('button', { name: 'Show it in its surroundings' }).click();
    const around = opened.page.getByRole('main', { name: 'Around the event' });
    await soon(() => idsIn(around.locator('[data-event-id]'))).toHaveLength(51);
    await soon(async () => (await idsIn(around.locator('[data-event-id]')))[25]).toBe('opened');
    await soon(() =>
      around.locator('.around-middle').evaluate((row) => Math.abs(row.getBoundingClientRect().top - innerHeight / 2)),
    ).toBeLessThan(150);
    expect(await opened.violations()).toEqual([]);
  });

  test('without an event: the panel says that it is gone, and what is kept', async () => {
    await using opened = await world.open('/?e=never-stored');
    const panel = await panelOf(opened);
    await panel.getByText('No event with this id (any more)').waitFor();
    await panel.getByText('This server keeps events').waitFor();
    await opened.page.keyboard.press('Escape');
    await soon(async () => (await addressOf(opened.page)).search).toBe('');
  });

  test('and the row that has the focus have the same keys', async () => {
    await using opened = await world.open('/?q=id:opened');
    await opened.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const { page } = opened;
    const shown = async (): Promise<string> => (await addressOf(page)).search;
    await page.locator('[role="row"][data-event-id="opened"]').focus();
    await page.keyboard.press('y');
    await soon(() => clipboard(page)).toContain('"event":"acme.order.packed"');
    await page.keyboard.press('c');
    await soon(shown).toBe('?q=id:opened&e=opened&v=chain');
    await page.keyboard.press('x');
    await soon(shown).toBe('?q=id:opened&e=opened&v=around');
    await page.keyboard.press('Escape');
    await soon(shown).toBe('?q=id:opened&e=opened');
    await page.keyboard.press('r');
    await soon(shown).toBe('?q=resource:acme.order.4711&e=opened');
  });

  test('closes by Escape, is resized by keys, and covers a phone', async () => {
    await using opened = await world.open('/?e=opened');
    const panel = await panelOf(opened);
    const handle = panel.getByRole('separator', { name: 'Width of the event panel' });
    const width = async (): Promise<number> => (await panel.boundingBox())!.width;
    await soon(() => width()).toBe(480);
    await handle.press('ArrowLeft');
    await soon(width).toBe(496);
    const box = (await handle.boundingBox())!;
    await opened.page.mouse.move(box.x + 2, 300);
    await opened.page.mouse.down();
    await opened.page.mouse.move(box.x - 98, 300);
    await opened.page.mouse.up();
    await soon(width).toBeGreaterThan(590);
    await opened.page.setViewportSize({ width: 390, height: 800 });
    await soon(width).toBe(390);
    await opened.page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
  });
});

describe.skipIf(!hasBrowser)('payloads', () => {
  test('a large one is loaded on demand, shown in parts, and searched', async () => {
    await using opened = await world.open('/?e=big');
    const panel = await panelOf(opened);
    await panel.getByText('It is large, so it was not loaded.').waitFor();
    await panel.getByRole('button', { name: 'Show as a tree' }).click();
    await panel.getByText('[9,000 elements]').waitFor();
    await panel.getByRole('button', { name: '100 more of 8,900' }).click();
    await panel.getByRole('button', { name: '100 more of 8,800' }).waitFor();
    await panel.getByText('Payload').first().click();
    await opened.page.getByRole('searchbox', { name: 'Search in the payload' }).focus();
    await opened.page.keyboard.type('number 8765');
    await panel.getByText('1 of 1').waitFor();
    await panel.locator('[data-found]').getByText('row number 8765').waitFor();
    await soon(() => panel.locator('[data-found]').getAttribute('data-path')).toBe('rows.8765.text');
    await panel.getByRole('button', { name: 'As text' }).click();
    await panel.getByRole('button', { name: /^Show 20\.0 KB more of/ }).click();
    await panel.getByText(/"row number 30"/).waitFor();
  });

  test('long texts are cut, addresses are links, and numbers are exact', async () => {
    await using opened = await world.open('/?e=opened');
    const panel = await panelOf(opened);
    await panel.getByRole('button', { name: 'show all (1.8 KB)' }).click();
    await panel.getByRole('button', { name: 'show all (1.8 KB)' }).waitFor({ state: 'detached' });
    const address = panel.getByRole('link', { name: 'https://example.com/a?b=c' });
    await soon(() => address.getAttribute('rel')).toBe('noopener noreferrer');
    await opened.page.goto(`${world.server.tidings.url}/?e=exact`);
    await panel.getByText('9007199254740993').waitFor();
    await panel.getByText('exact', { exact: true }).last().waitFor();
  });
});

test.skipIf(!hasBrowser)('an error in a panel stops only the panel, and its details can be copied', async () => {
  await using opened = await world.open('/');
  await opened.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { page } = opened;
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('query OpenEvent') !== true) return await route.fallback();
    const response = await route.fetch();
    const { data } = (await response.json()) as { data: { event: object } };
    return await route.fulfill({ response, json: { data: { ...data, event: { ...data.event, related: null } } } });
  });
  await page.goto(`${world.server.tidings.url}/?e=opened&v=chain`);
  const report = page.getByRole('alert', { name: 'Event' });
  await report.getByText('An error in the page stopped this panel').waitFor();
  await report.getByRole('button', { name: 'Copy details' }).click();
  await soon(() => clipboard(page)).toContain('TypeError');
  await page.getByRole('treeitem').first().waitFor();
  await page.unroute('**/graphql');
  await report.getByRole('button', { name: 'Try again' }).click();
  await (await panelOf(opened)).getByRole('heading', { name: 'acme.order.packed' }).waitFor();
});

test.skipIf(!hasBrowser)('everything of an event is text, whatever it contains', async () => {
  await using opened = await world.open(`/?e=hostile`);
  const dialogs: string[] = [];
  opened.page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  const panel = await panelOf(opened);
  await panel.getByText('javascript:alert(1)').last().waitFor();
  await panel
    .getByText(String.raw`\u{7}\u{202e}gnp.exe\u{2066}`)
    .first()
    .waitFor();
  const check = async (): Promise<void> => {
    const found = await opened.page.evaluate(() => ({
      elements: document.querySelectorAll('img, body script, iframe, object').length,
      links: [...document.querySelectorAll('a')].map((link) => link.href).filter((href) => !/^https?:/.test(href)),
      unsafe: /[^\P{Cc}\n\t]|\p{Bidi_Control}/u.test(document.body.innerText),
    }));
    expect(found).toEqual({ elements: 0, links: [], unsafe: false });
  };
  await check();
  for (const view of ['chain', 'around']) {
    await opened.page.goto(`${world.server.tidings.url}/?e=hostile&v=${view}`);
    await opened.page.locator('.instead-of-list [data-event-id="hostile"]').first().waitFor();
    await check();
  }
  await opened.page.goto(`${world.server.tidings.url}/?f=${encodeURIComponent(JSON.stringify({ resource: { id: { in: [hostile] } } }))}`);
  await opened.page.getByRole('region', { name: 'About the resource' }).getByText('1 event').waitFor();
  await check();
  expect(dialogs).toEqual([]);
});

async function panelOf({ page }: FeedPage) {
  const panel = page.getByRole('region', { name: 'Open event' });
  await panel.waitFor();
  return panel;
}

async function idsIn(rows: { evaluateAll<T>(run: (elements: Element[]) => T): Promise<T> }): Promise<readonly (string | null)[]> {
  return await rows.evaluateAll((elements) => elements.map((element) => element.getAttribute('data-event-id')));
}

async function clipboard(page: Page): Promise<string> {
  return await page.evaluate(() => navigator.clipboard.readText());
}
