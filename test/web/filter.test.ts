import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminKey, bearer } from '../support/keys.ts';
import { startTestServer } from '../support/test-server.ts';
import { addressOf, hasBrowser, startFeedWorld, type FeedPage, type FeedWorld } from './support/feed-page.ts';
import { soon } from './support/event-documents.ts';

let world: FeedWorld;
beforeAll(async () => {
  if (!hasBrowser) return;
  world = await startFeedWorld();
  const emit = 'mutation ($events: [EventInput!]!) { emitEvents(input: $events) { head } }';
  const events = [
    ...Array.from({ length: 3 }, (_, n) => event('acme.order.paid', n, 'eu', n * 10)),
    ...Array.from({ length: 2 }, (_, n) => event('acme.order.shipped', n, 'us', 5)),
    event('acme.deploy.failed', 0, 'eu', 1),
    event(hostileName, 9, '<b>"x"</b>', 1),
  ];
  await world.server.data(emit, { events });
});
afterAll(async () => {
  if (hasBrowser) await world[Symbol.asyncDispose]();
});

const hostileName = 'acme.<img src=x onerror=alert(1)>.\u202e"a b"*';
function event(name: string, n: number, region: string, amount: number) {
  return {
    id: `${name}-${n}`,
    event: name,
    resource: { id: `acme.order.${n}`, labels: { region } },
    related: [{ id: 'acme.user.kiki', role: 'actor' }],
    payload: { amount },
  };
}

const queryOf = async ({ page }: FeedPage): Promise<string | null> => (await addressOf(page)).searchParams.get('q');
const inputOf = ({ page }: FeedPage) => page.getByRole('combobox', { name: 'Filter', exact: true });
const offerOf = ({ page }: FeedPage) => page.getByRole('button', { name: 'Hide events of Tidings itself' });
const chipsOf = async ({ page }: FeedPage): Promise<readonly string[]> => await page.locator('.condition-text').allTextContents();
const matching = async ({ page }: FeedPage, count: string): Promise<void> =>
  await page.getByText(`${count} match`, { exact: false }).first().waitFor();

describe.skipIf(!hasBrowser)('the filter box', () => {
  test('makes conditions of what is typed, and Back undoes each', async () => {
    await using opened = await world.open('/');
    await matching(opened, '7 events');
    expect(await offerOf(opened).count()).toBe(0); // no event of Tidings itself
    await opened.page.keyboard.press('/');
    await opened.page.keyboard.type('event:acme.order.* ');
    await soon(() => queryOf(opened)).toBe('event:acme.order.*');
    await matching(opened, '5 events');
    await opened.page.keyboard.type('-label.region=us');
    expect(await queryOf(opened)).toBe('event:acme.order.*');
    await opened.page.keyboard.press('Enter');
    await soon(() => queryOf(opened)).toBe('event:acme.order.* -label.region=us');
    await soon(() => chipsOf(opened)).toEqual(['event:acme.order.*', 'not label.region=us']);
    await matching(opened, '3 events');
    await opened.page.goBack();
    await matching(opened, '5 events');
    await soon(() => chipsOf(opened)).toEqual(['event:acme.order.*']);
  });

  test('searches for a word while it is typed, as one step of the history', async () => {
    await using opened = await world.open('/');
    await inputOf(opened).click();
    await opened.page.keyboard.type('fai');
    await matching(opened, '1 event');
    await opened.page.keyboard.type('l');
    await opened.page.waitForFunction(() => location.search === '?q=fail');
    await opened.page.goBack();
    await matching(opened, '7 events');
    await soon(() => inputOf(opened).inputValue()).toBe('');
  });

  test('completes names level by level, labels and values with counts', async () => {
    await using opened = await world.open('/');
    await inputOf(opened).click();
    await opened.page.keyboard.type('event:acme.');
    const option = opened.page.getByRole('option');
    await option.filter({ hasText: 'event:acme.order.*' }).filter({ hasText: '5' }).waitFor();
    await opened.page.keyboard.press('ArrowDown');
    await soon(() => inputOf(opened).getAttribute('aria-activedescendant')).toBe(await option.first().getAttribute('id'));
    await opened.page.keyboard.press('Tab');
    await soon(() => inputOf(opened).inputValue()).toBe('event:acme.order.');
    await option.filter({ hasText: 'acme.order.paid' }).click();
    await soon(() => queryOf(opened)).toBe('event:acme.order.paid');
    await opened.page.keyboard.type('label.region=');
    await option.filter({ hasText: 'label.region=eu' }).filter({ hasText: '3' }).waitFor();
    expect(await option.filter({ hasText: 'label.region=us' }).count()).toBe(0); // no order that was paid has it
    expect(await opened.violations()).toEqual([]);
    await opened.page.keyboard.press('Escape');
    await soon(() => option.count()).toBe(0);
  });

  test('does not apply what is not valid, and says why', async () => {
    await using opened = await world.open('/?q=event:acme.order.*');
    await matching(opened, '5 events');
    await inputOf(opened).click();
    await opened.page.keyboard.type('region=eu');
    await opened.page.keyboard.press('Enter');
    const problem = opened.page.getByRole('alert');
    await soon(() => problem.innerText()).toContain('Write label.region=');
    await soon(() => inputOf(opened).getAttribute('aria-invalid')).toBe('true');
    expect(await queryOf(opened)).toBe('event:acme.order.*');
    expect(await opened.violations()).toEqual([]);
    await inputOf(opened).fill('label.region=eu');
    await opened.page.keyboard.press('Enter');
    await soon(() => queryOf(opened)).toBe('event:acme.order.* label.region=eu');
    await soon(() => problem.count()).toBe(0);
  });

  test('shows the sentence of the server at its condition', async () => {
    await using opened = await world.open('/?q=event:acme.order.*+payload.a[0]%3D1');
    const problem = opened.page.locator('.filter-summary').getByRole('alert');
    await problem.waitFor();
    await soon(() => problem.innerText()).toMatch(/^payload\.a\[0\]=1 is not applied\. .*a\.0/);
    await soon(() => opened.page.locator('.condition.invalid').textContent()).toContain('payload.a[0]=1');
  });

  test('edits a condition in its place, and removes conditions by keyboard and mouse', async () => {
    await using opened = await world.open('/?q=event:acme.order.*+label.region%3Deu+failed');
    await opened.page.getByRole('button', { name: 'Edit label.region=eu' }).click();
    const edited = opened.page.getByRole('combobox', { name: 'Edit condition 2' });
    await soon(() => edited.inputValue()).toBe('label.region=eu');
    await edited.fill('label.region=us');
    await edited.press('Enter');
    await soon(() => queryOf(opened)).toBe('event:acme.order.* label.region=us failed');
    await opened.page.keyboard.press('Backspace');
    await soon(() => queryOf(opened)).toBe('event:acme.order.* label.region=us');
    await opened.page.keyboard.press('ArrowLeft');
    await opened.page.keyboard.press('ArrowLeft');
    await opened.page.keyboard.press('Delete');
    await soon(() => queryOf(opened)).toBe('label.region=us');
    await opened.page.getByRole('button', { name: 'Remove label.region=us' }).click();
    await soon(() => queryOf(opened)).toBeNull();
    await matching(opened, '7 events');
  });

  test('offers to hide the events of Tidings itself, visibly, once there are any', async () => {
    await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
    const admin = bearer(server.tidings.url, adminKey);
    await admin.data('mutation { emitEvent(input: { event: "acme.a", resource: { id: "a" } }) { status } }');
    await admin.data('mutation { createApiKey(input: { name: "n" }) { secret } }');
    await using opened = await world.open('/', { origin: server.tidings.url, allowErrors: true });
    await opened.page.getByRole('textbox', { name: 'API key' }).fill(adminKey);
    await opened.page.keyboard.press('Enter');
    await offerOf(opened).click();
    await soon(() => queryOf(opened)).toBe('-event:tidings.*');
    await matching(opened, '1 event');
    await soon(() => offerOf(opened).count()).toBe(0);
  });

  test('shows foreign names as text', async () => {
    await using opened = await world.open('/');
    await inputOf(opened).click();
    await opened.page.keyboard.type('img');
    await opened.page.getByRole('option').filter({ hasText: 'event:' }).first().click();
    await matching(opened, '1 event');
    await soon(() => chipsOf(opened)).toEqual([String.raw`event:"acme.<img src=x onerror=alert(1)>.\u202e\"a b\"*"`]);
  });

  test('shows a filter that no text says in words, and edits it as JSON', async () => {
    const filter = { or: [{ event: { in: ['acme.deploy.failed'] } }, { payload: [{ path: 'amount', gte: 20 }] }] };
    await using opened = await world.open(`/?f=${encodeURIComponent(JSON.stringify(filter))}`);
    await matching(opened, '2 events');
    await soon(() => opened.page.locator('.filter-words').innerText()).toContain(
      'the event is "acme.deploy.failed" or the payload at amount',
    );
    await opened.page.getByRole('button', { name: 'Edit the filter in JSON' }).click();
    const field = opened.page.getByRole('textbox', { name: 'EventFilter as JSON' });
    await field.fill('{"or": [');
    await opened.page.getByRole('button', { name: 'Apply' }).click();
    await soon(() => opened.page.getByRole('alert').innerText()).toContain('This is not JSON');
    await field.fill('{"event": {"startsWith": ["acme.order."]}}');
    await opened.page.getByRole('button', { name: 'Apply' }).click();
    await matching(opened, '5 events');
    await soon(async () => (await addressOf(opened.page)).search).toBe('?q=event:acme.order.*');
  });
});

describe.skipIf(!hasBrowser)('time range, zone and views', () => {
  test('the range is chosen by keyboard, and moved', async () => {
    await using opened = await world.open('/?tz=Asia/Kathmandu');
    await matching(opened, '7 events');
    await opened.page.keyboard.press('t');
    await opened.page.getByRole('button', { name: 'Last hour' }).click();
    await soon(async () => (await addressOf(opened.page)).searchParams.get('since')).toBe('-1h');
    await opened.page.getByRole('textbox', { name: 'From' }).fill('2026-11-23 20:26:10.863461');
    await opened.page.getByRole('textbox', { name: 'To' }).fill('2026-11-23 21:26');
    expect(await opened.violations()).toEqual([]);
    await opened.page.keyboard.press('Enter');
    await soon(async () => (await addressOf(opened.page)).searchParams.get('since')).toBe('2026-11-23T14:41:10.863461Z');
    await opened.page.getByRole('textbox', { name: 'From' }).fill('soon');
    await opened.page.keyboard.press('Enter');
    await soon(() => opened.page.getByRole('alert').innerText()).toContain('Expected a time');
    await opened.page.keyboard.press('Escape');
    await opened.page.getByRole('button', { name: 'Time range: 2026-11-23 20:26:10 – 21:26' }).waitFor();
    await opened.page.keyboard.press('[');
    const until = async (): Promise<string | null> => (await addressOf(opened.page)).searchParams.get('until');
    await soon(until).toBe('2026-11-23T14:41:10.863000Z');
  });

  test('the zone is found by name and offset, and that of the browser is not in links', async () => {
    await using opened = await world.open('/', { timeZone: 'Europe/Berlin' });
    const zone = opened.page.getByRole('button', { name: /^Time zone: / });
    await soon(() => zone.innerText()).toMatch(/^Europe\/Berlin\s+\+[12]$/);
    await zone.click();
    await opened.page.getByRole('searchbox').fill('+5:45');
    await opened.page.getByRole('button', { name: /Kat.*mandu/ }).click();
    await soon(async () => (await addressOf(opened.page)).searchParams.get('tz')).toMatch(/^Asia\/Kat/);
    expect(await opened.violations()).toEqual([]);
    await opened.page.getByRole('searchbox').fill('');
    await opened.page.getByRole('button', { name: /this browser/ }).click();
    await soon(async () => (await addressOf(opened.page)).search).toBe('');
  });

  test('views are saved with a name, from links too, and kept over a reload', async () => {
    await using opened = await world.open('/?q=label.region%3Deu&e=acme.order.paid-0');
    await matching(opened, '4 events');
    await opened.page.keyboard.press('s');
    await opened.page.getByRole('link', { name: 'Rejected access' }).waitFor();
    await opened.page.getByRole('textbox', { name: 'Save as' }).fill('Europe');
    await opened.page.keyboard.press('Enter');
    await opened.page.getByRole('textbox', { name: 'Save as' }).fill('Shipped');
    await opened.page.getByRole('textbox', { name: 'Link' }).fill('http://other/?q=event:acme.order.shipped&since=-1h');
    await opened.page.keyboard.press('Enter');
    await opened.page.goto(world.server.tidings.url);
    await matching(opened, '7 events');
    await opened.page.keyboard.press('s');
    await opened.page.getByRole('link', { name: 'Europe' }).waitFor();
    expect(await opened.violations()).toEqual([]);
    await opened.page.getByRole('link', { name: 'Europe' }).click();
    await soon(async () => (await addressOf(opened.page)).search).toBe('?q=label.region%3Deu');
    await opened.page.getByRole('link', { name: 'Shipped' }).click();
    await soon(async () => (await addressOf(opened.page)).search).toBe('?q=event:acme.order.shipped&since=-1h');
    await opened.page.getByRole('button', { name: 'Remove Shipped' }).click();
    await soon(() => opened.page.getByRole('link', { name: 'Shipped' }).count()).toBe(0);
  });
});
