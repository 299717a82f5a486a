import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseJson } from '../../src/json/parse-json.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { run } from '../support/command.ts';
import { emitDocuments } from './support/emit-events.ts';
import { addressOf, hasBrowser, startFeedWorld, type FeedPage, type FeedWorld } from './support/feed-page.ts';
import { soon } from './support/event-documents.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (!hasBrowser) return;
  world = await startFeedWorld();
  await emitDocuments(world.server, [documentOf({ id: 'earlier', event: 'earlier.made' }), ...special]);
  const many = Array.from({ length: 2100 }, (_, number) => documentOf({ id: `many-${number}`, event: 'many.made', payload: { number } }));
  await emitDocuments(world.server, many);
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

/** Values that are easily damaged. */
const special = [
  String.raw`{"id":"first","occurred":"2026-11-23T14:41:10.863461Z","event":"exact.made","resource":{"prefect.resource.id":"=r.1","prefect.resource.name":"a, \"b\"","prefect.resource.role":"own","region":"eu"},"related":[{"prefect.resource.id":"kiki","prefect.resource.role":"actor","team":"x"},{"prefect.resource.id":"kiki","prefect.resource.role":"actor"}],"payload":{"big":9007199254740993,"fine":0.1000000000000000055,"text":"\u202e\u0007\n\"","__proto__":{"a":1},"minus":-5}}`,
  `{"id":"second","occurred":"2026-11-23T14:41:10.863462Z","event":"exact.made","resource":{"prefect.resource.id":"r.2"},"follows":"first","payload":{"text":"=1+1"}}`,
];

function documentOf(event: object): string {
  return JSON.stringify({ occurred: '2026-01-01T00:00:00Z', resource: { 'prefect.resource.id': 'many' }, ...event });
}

/** Everything about events that clients decide, as the server writes it. */
async function contentsOf({ tidings }: TestServer, event: string): Promise<string> {
  const query = `{ events(order: LOG, first: 1000, filter: { event: { in: ["${event}"] } }) { nodes { id occurred event payload followsId
    resource { resourceId name labels role: label(key: "prefect.resource.role") } related { role resourceId name labels } } } }`;
  const headers = { 'content-type': 'application/json' };
  return await (await fetch(`${tidings.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })).text();
}

async function openDialog(page: Page): Promise<void> {
  // Otherwise the browser asks for a file. Pages over plain HTTP have no such dialog.
  await page.evaluate(() => Object.assign(globalThis, { showSaveFilePicker: undefined }));
  await page.getByRole('button', { name: 'Export events' }).click();
  await page.getByRole('dialog', { name: 'Export events' }).waitFor();
}

async function downloadOf({ page }: FeedPage): Promise<{ readonly path: string; readonly text: string; readonly name: string }> {
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Export( again)?$/ }).click();
  const download = await downloading;
  const path = await download.path();
  return { path, text: readFileSync(path, 'utf8'), name: download.suggestedFilename() };
}

test.skipIf(!hasBrowser)(
  'an export as NDJSON has every digit, and another server takes it over HTTP and from the command line',
  async () => {
    await using opened = await world.open('/?q=event:exact.made');
    await openDialog(opened.page);
    expect(await opened.violations()).toEqual([]);
    const { text, path, name } = await downloadOf(opened);
    expect(name).toMatch(/^tidings-events-\d{8}T\d{6}Z\.ndjson$/);
    await opened.page.getByText(/^Exported 2 events/).waitFor();
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('"big":9007199254740993,"fine":0.1000000000000000055');
    expect(lines[0]).toContain('"occurred":"2026-11-23T14:41:10.863461Z"');
    // As tidings tail --json prints them. Keys have no order: that of the emission, or that of the database.
    const tail = run(['tail', '--json', '--event', 'exact.', '--after', await beginning(), '--url', world.server.tidings.url]);
    const tailed = (): readonly string[] => tail.stdout().trimEnd().split('\n');
    await soon(tailed).toHaveLength(2);
    expect(tailed().map((line) => parseJson(line))).toEqual(lines.map((line) => parseJson(line)));
    expect(tailed()[0]).toContain('"big":9007199254740993,"fine":0.1000000000000000055');

    await using second = await startTestServer();
    await emitDocuments(second, lines);
    expect(await contentsOf(second, 'exact.made')).toBe(await contentsOf(world.server, 'exact.made'));
    const emit = run(['emit', path, '--url', second.tidings.url, '--strict']);
    expect(await emit.ended).toBe(0);
    expect(emit.stdout()).toContain('2 duplicates');
  },
);

/** The cursor before the events that are exported. */
async function beginning(): Promise<string> {
  const { event } = (await world.server.data('{ event(id: "earlier") { cursor } }')) as { event: { cursor: string } };
  return event.cursor;
}

test.skipIf(!hasBrowser)('an export has all events that match, in pages, and can be cancelled', async () => {
  await using opened = await world.open('/?q=event:many.made');
  const { page } = opened;
  await openDialog(page);
  await page.getByText('All 2,100 events that match').waitFor();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('"after"') === true) await held;
    await route.continue().catch(() => undefined);
  });
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByText('1,000 of 2,100').waitFor();
  await soon(() => page.getByRole('progressbar').getAttribute('value')).toBe('1000');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Export', exact: true }).waitFor();
  release();
  const { text } = await downloadOf(opened);
  const numbers = text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { payload: { number: number } }).payload.number);
  expect(numbers).toEqual(Array.from({ length: 2100 }, (_, number) => number));
});

test.skipIf(!hasBrowser)('an export as CSV has the columns chosen, and no cell is a formula', async () => {
  await using opened = await world.open('/?q=event:exact.made&cols=region,payload.big,payload.text,payload.minus');
  const { page } = opened;
  await openDialog(page);
  await page.getByRole('radio', { name: /^CSV/ }).check();
  for (const name of ['event', 'related', 'resource.name']) await page.getByRole('checkbox', { name, exact: true }).uncheck();
  await page.getByRole('checkbox', { name: /byte order mark/ }).check();
  const { text, name } = await downloadOf(opened);
  expect(name).toMatch(/\.csv$/);
  expect(text).toBe(
    [
      '\uFEFFoccurred,resource.id,id,region,payload.big,payload.text,payload.minus',
      `2026-11-23T14:41:10.863461Z,'=r.1,first,eu,9007199254740993,"\u202E\u0007\n""",-5`,
      `2026-11-23T14:41:10.863462Z,r.2,second,,,'=1+1,`,
      '',
    ].join('\r\n'),
  );
});

test.skipIf(!hasBrowser)('where the browser can write to disk, the file is written as it comes', async () => {
  await using opened = await world.open('/?q=event:exact.made');
  const { page } = opened;
  // The file system of the browser profile stands for the one that a person would choose.
  await page.evaluate(() =>
    Object.assign(globalThis, {
      showSaveFilePicker: async () => (await navigator.storage.getDirectory()).getFileHandle('export', { create: true }),
    }),
  );
  await page.getByRole('button', { name: 'Export events' }).click();
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await page.getByText(/^Exported 2 events/).waitFor();
  const text = await page.evaluate(async () => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle('export');
    return await (await handle.getFile()).text();
  });
  expect(text.split('\n').map((line) => line.slice(0, 13))).toEqual(['{"id":"first"', '{"id":"second', '']);
});

test.skipIf(!hasBrowser)('the filter is copied as links, variables, commands and a program', async () => {
  await using opened = await world.open('/?q=event:exact.*&since=-1h');
  const { page, context } = opened;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const clipboard = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
  const copyOf = async (name: RegExp): Promise<string> => {
    await page.evaluate(() => navigator.clipboard.writeText(''));
    await page.getByRole('button', { name: 'Copy the filter' }).click();
    await page.locator('.copy-items').getByRole('button', { name }).click();
    await page.getByText(/^Copied: /).waitFor();
    await soon(clipboard).not.toBe('');
    return await clipboard();
  };
  const link = new URL(await copyOf(/^Link/));
  expect(link.searchParams.get('q')).toBe('event:exact.*');
  const hour = Date.parse(link.searchParams.get('until')!) - Date.parse(link.searchParams.get('since')!);
  expect(hour).toBeGreaterThan(3_590_000);
  expect(hour).toBeLessThan(3_720_000);
  expect(await copyOf(/^Moving link/)).toBe((await addressOf(page)).href);
  const variables = JSON.parse(await copyOf(/^GraphQL variables/)) as object;
  await world.server.data(
    'query ($filter: EventFilter, $order: EventOrder) { events(filter: $filter, order: $order) { head } }',
    variables,
  );
  expect(await copyOf(/^curl/)).toContain(`${world.server.tidings.url}/graphql`);
  expect(await copyOf(/^tidings tail/)).toBe(`tidings tail --event exact. --url ${world.server.tidings.url}`);
  expect(await copyOf(/^TypeScript/)).toContain('"startsWith": ["exact."]');

  await page.goto(`${world.server.tidings.url}/?q=label.region=eu`);
  await page.getByRole('button', { name: 'Copy the filter' }).click();
  await soon(() =>
    page
      .locator('.copy-items')
      .getByRole('button', { name: /^tidings tail/ })
      .isDisabled(),
  ).toBe(true);
  await soon(() =>
    page
      .locator('.copy-items')
      .getByRole('button', { name: /^Moving link/ })
      .count(),
  ).toBe(0);
  expect(await opened.violations()).toEqual([]);
});
