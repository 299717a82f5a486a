import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { addressOf, hasBrowser, startFeedWorld, type FeedWorld } from './support/feed-page.ts';
import { documentOf, soon } from './support/event-documents.ts';

const run = 'prefect.flow-run.1';
const task = 'prefect.task-run.7';
const flow = { 'prefect.resource.id': 'prefect.flow.1', 'prefect.resource.role': 'flow', 'prefect.resource.name': 'nightly' };
const inRun = { 'prefect.resource.id': run, 'prefect.resource.role': 'flow-run' };

let world: FeedWorld;
beforeAll(async () => {
  if (!hasBrowser) return;
  world = await startFeedWorld();
  await emit([
    // a root that follows an event that is not stored, a line of 5 and two branches
    documentOf('root', 0, { event: 'acme.order.placed', follows: 'never-stored' }),
    documentOf('paid', 1.2, { event: 'acme.order.paid', follows: 'root' }),
    documentOf('packed', 61.2, { event: 'acme.order.packed', follows: 'paid' }),
    documentOf('mail', 1.5, { event: 'acme.mail.sent', follows: 'paid' }),
    documentOf('mail-read', 9000, { event: 'acme.mail.read', follows: 'mail' }),
    documentOf('shipped', 120, { event: 'acme.order.shipped', follows: 'packed' }),
    documentOf('delivered', 86_400, { event: 'acme.order.delivered', follows: 'shipped' }),
    documentOf('cycle-a', 1, { follows: 'cycle-c' }),
    documentOf('cycle-b', 2, { follows: 'cycle-a' }),
    documentOf('cycle-c', 3, { follows: 'cycle-b' }),
    ...Array.from({ length: 1100 }, (_, n) =>
      documentOf(`long-${n}`, n, { follows: n === 0 ? null : `long-${n % 7 === 0 ? Math.floor(n / 2) : n - 1}` }),
    ),
    stateOf('run-1', 0, { of: run, name: 'Pending', related: [flow] }),
    stateOf('run-2', 1, { of: run, name: 'Running', related: [flow], follows: 'run-1' }),
    logOf('log-1', 2, { of: run, level: 20, message: 'starting' }),
    stateOf('task-1', 3, { of: task, name: 'Running', related: [inRun] }),
    logOf('log-2', 4, { of: task, level: 40, message: 'connection reset\nby warehouse', related: [inRun] }),
    stateOf('task-2', 5, { of: task, name: 'Failed', related: [inRun], follows: 'task-1' }),
  ]);
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

test.skipIf(!hasBrowser)('a chain is a tree with a time axis, and grows as events arrive', async () => {
  await using opened = await world.open('/?e=packed&v=chain');
  const { page } = opened;
  await soon(() => rowsOf(page)).toEqual(['root', 'paid', 'mail', 'mail-read', 'packed', 'shipped', 'delivered']);
  await page.getByText('The first event follows never-stored, which is not stored.').waitFor();
  const row = (id: string) => page.locator(`[role="treeitem"][data-event-id="${id}"]`);
  await soon(() => row('packed').getAttribute('aria-selected')).toBe('true');
  await row('packed').getByText('+1 min').first().waitFor();
  await row('mail').getByText('+300 ms').first().waitFor();
  const marks = await page.locator('.span-mark').evaluateAll((all) => all.map((mark) => mark.getBoundingClientRect().left));
  expect(marks[0]).toBeLessThan(marks[6]!);
  expect(await opened.violations()).toEqual([]);

  await emit([
    documentOf('returned', 90_000, { event: 'acme.order.returned', follows: 'delivered' }),
    documentOf('refunded', 90_001, { event: 'acme.order.refunded', follows: 'returned' }),
  ]);
  await soon(() => rowsOf(page)).toEqual(['root', 'paid', 'mail', 'mail-read', 'packed', 'shipped', 'delivered', 'returned', 'refunded']);
  await emit([documentOf('closed', 90_002, { event: 'acme.order.closed', follows: 'refunded' })]);
  await row('closed').waitFor();
});

test.skipIf(!hasBrowser)('a chain that cannot be followed says why, and is loaded again on demand', async () => {
  await using opened = await world.open('/about:blank', { allowErrors: true });
  const { page } = opened;
  let isForbidden = true;
  await page.routeWebSocket('**/graphql', (socket) => {
    const server = socket.connectToServer();
    const extensions = { code: 'FORBIDDEN' };
    socket.onMessage((message) => {
      if (!isForbidden || !message.toString().includes('"follows":["')) server.send(message);
      else socket.send(JSON.stringify({ id: '1', type: 'error', payload: [{ message: 'not this chain', extensions }] }));
    });
  });
  await emit([documentOf('refused', 5, {})]);
  await page.goto(`${world.server.tidings.url}/?e=refused&v=chain`);
  await page.getByRole('alert').getByText('not this chain').waitFor();
  await emit([documentOf('answered', 6, { follows: 'refused' })]);
  isForbidden = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await soon(() => rowsOf(page)).toEqual(['refused', 'answered']);
  await emit([documentOf('thanked', 7, { follows: 'answered' })]);
  await soon(() => rowsOf(page)).toEqual(['refused', 'answered', 'thanked']);
  await soon(() => page.getByRole('alert').count()).toBe(0);
});

test.skipIf(!hasBrowser)('a chain is read by keyboard: rows, folded branches, the path, and the time', async () => {
  await using opened = await world.open('/?e=mail&v=chain');
  const { page } = opened;
  await page.locator('[role="treeitem"][data-event-id="mail"]').focus();
  await page.keyboard.press('ArrowLeft');
  await soon(() => rowsOf(page)).not.toContain('mail-read');
  await soon(() => page.locator('[data-event-id="mail"]').getAttribute('aria-expanded')).toBe('false');
  await page.keyboard.press('ArrowRight');
  await soon(() => rowsOf(page)).toContain('mail-read');
  await page.getByRole('button', { name: 'Only the path' }).click();
  await soon(() => rowsOf(page)).toEqual(['root', 'paid', null, 'mail', 'mail-read']);
  await page.getByRole('treeitem', { name: 'other events' }).click();
  await soon(() => rowsOf(page)).toContain('packed');
  await page.locator('[role="treeitem"][data-event-id="mail"]').focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Open event' }).getByRole('heading', { name: 'acme.order.paid' }).waitFor();
  await soon(async () => (await addressOf(page)).search).toBe('?e=paid&v=chain');

  const axis = page.getByRole('slider', { name: 'Part of the time that is shown' });
  const box = (await axis.boundingBox())!;
  await page.mouse.move(box.x, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 4, box.y + 10);
  await page.mouse.up();
  await page.getByText(/ ›$/).first().waitFor();
  await axis.press('0');
  await page.getByText(/ ›$/).waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await soon(() => new URL(page.url()).search).toBe('?e=paid');
});

test.skipIf(!hasBrowser)('a chain of a thousand renders what is in sight, and says that it is cut; a cycle is said', async () => {
  await using opened = await world.open('/?e=long-900&v=chain');
  const { page } = opened;
  await page.getByText('Cut at 1,000 events.').waitFor();
  const isSeen = (): Promise<boolean> =>
    page.locator('[role="treeitem"][data-event-id="long-900"]').evaluate((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return top > 0 && bottom < innerHeight;
    });
  await soon(isSeen).toBe(true);
  await soon(() => page.locator('[role="treeitem"]').count()).toBeLessThan(70);
  await page.goto(`${world.server.tidings.url}/?e=cycle-b&v=chain`);
  await page.getByText(/^A cycle: the first event follows cycle-/).waitFor();
  await soon(async () => new Set(await rowsOf(page))).toEqual(new Set(['cycle-a', 'cycle-b', 'cycle-c']));
});

test.skipIf(!hasBrowser)('the page of a flow run has its states, task runs and log in order, live, and its chain', async () => {
  await using opened = await world.open(`/?q=resource:${run}`);
  const { page } = opened;
  const head = page.getByRole('region', { name: 'About the resource' });
  await head.getByRole('heading', { name: 'brave-otter' }).waitFor();
  await head.getByText('3 events').waitFor();
  await head.getByRole('link', { name: 'also related in 3' }).waitFor();
  const log = page.getByRole('list', { name: 'Log of the flow run' }).getByRole('listitem');
  const lines = async (): Promise<readonly string[]> =>
    (await log.allInnerTexts()).map((text) => text.replace(/^[\d:.]+\s+/, '').replaceAll(/\s+/g, ' '));
  const stored = [
    'Pending brave-otter',
    'Running brave-otter',
    'INFO brave-otter starting',
    'Running load-1',
    'ERROR load-1 connection reset by warehouse',
    'Failed load-1',
  ];
  await soon(lines).toEqual(stored);
  await emit([stateOf('run-3', 9, { of: run, name: 'Failed', related: [flow], follows: 'run-2' })]);
  await soon(lines).toEqual([...stored, 'Failed brave-otter']);
  await head.getByText('4 events').waitFor();
  await page.getByText('took 8 s').waitFor();
  expect(await opened.violations()).toEqual([]);
  await page.getByRole('main').getByRole('link', { name: 'Chain' }).click();
  await soon(() => rowsOf(page)).toEqual(['run-1', 'run-2', 'run-3']);
});

async function rowsOf(page: Page): Promise<readonly (string | null)[]> {
  return await page.locator('[role="treeitem"]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-event-id')));
}

async function emit(events: readonly object[]): Promise<void> {
  for (let at = 0; at < events.length; at += 1000) {
    const body = JSON.stringify(events.slice(at, at + 1000));
    const response = await fetch(`${world.server.tidings.url}/api/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(204);
  }
}

interface Of {
  readonly of: string;
  readonly related?: readonly object[];
  readonly follows?: string;
}

function stateOf(id: string, second: number, { of, name, ...more }: Of & { readonly name: string }): object {
  const type = name.toUpperCase();
  const resource = {
    'prefect.resource.id': of,
    'prefect.resource.name': of === run ? 'brave-otter' : 'load-1',
    'prefect.state-type': type,
    'prefect.state-message': '',
  };
  const kind = of === run ? 'flow' : 'task';
  return documentOf(id, second, { event: `prefect.${kind}-run.${name}`, resource, payload: { validated_state: { name, type } }, ...more });
}

/** As Prefect writes it: the resource has no name. */
function logOf(
  id: string,
  second: number,
  { of, level, message, ...more }: Of & { readonly level: number; readonly message: string },
): object {
  const payload = { name: 'prefect.flow_runs', level, message };
  return documentOf(id, second, { event: 'prefect.log.write', resource: { 'prefect.resource.id': of }, payload, ...more });
}
