import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const links: readonly (readonly [string, string | null])[] = [
    ['order', 'visit'],
    ['paid', 'order'],
    ['packed', 'paid'],
    ['mailed', 'paid'],
    ['left', 'packed'],
    ['arrived', 'left'],
    ['read', 'mailed'],
    ['alone', null],
    ['self', 'self'],
    ['one', 'two'],
    ['two', 'one'],
  ];
  const input = links.map(([id, follows], n) => ({
    id,
    follows,
    event: `acme.${id}`,
    occurred: `2026-11-23T14:41:${10 + n}.863461Z`,
    resource: { id: `r.${id}`, name: id === 'left' ? 'par\u001b[31mcel' : null },
  }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
});
afterAll(() => server[Symbol.asyncDispose]());

/** The output of `tidings chain`, as lines. */
async function chain(...args: readonly string[]): Promise<readonly string[]> {
  const drawing = run(['chain', ...args, '--url', server.tidings.url]);
  expect(await drawing.ended, drawing.stderr()).toBe(0);
  expect(drawing.stderr()).toBe('');
  return drawing.stdout().trimEnd().split('\n');
}
const at = (second: number): string => `2026-11-23T14:41:${second}.863Z`;

test('draws ancestors, the requested event, and descendants as branches, and escapes control characters', async () => {
  expect(await chain('paid')).toEqual([
    '? visit, which is not stored',
    `○ ${at(10)}  acme.order  r.order  order`,
    `● ${at(11)}  acme.paid  r.paid  paid`,
    `├─○ ${at(13)}  acme.mailed  r.mailed  mailed`,
    `│ ○ ${at(16)}  acme.read  r.read  read`,
    `○ ${at(12)}  acme.packed  r.packed  packed`,
    `○ ${at(14)}  acme.left  par\\u001b[31mcel  left`,
    `○ ${at(15)}  acme.arrived  r.arrived  arrived`,
  ]);
  expect(await chain('alone')).toEqual([`● ${at(17)}  acme.alone  r.alone  alone`]);
});

test('marks cycles and cuts', async () => {
  expect(await chain('self')).toEqual([
    '↻ a cycle: the next event follows self, which is in this chain',
    `● ${at(18)}  acme.self  r.self  self`,
  ]);
  expect(await chain('one')).toEqual([
    '↻ a cycle: the next event follows one, which is in this chain',
    `○ ${at(20)}  acme.two  r.two  two`,
    `● ${at(19)}  acme.one  r.one  one`,
    `○ ${at(20)}  acme.two  r.two  two (again)`,
  ]);
  expect(await chain('left', '--max', '2')).toEqual([
    '… earlier events; the latest is paid',
    `○ ${at(12)}  acme.packed  r.packed  packed`,
    `● ${at(14)}  acme.left  par\\u001b[31mcel  left`,
    '… cut at 2 events',
  ]);
  expect((await chain('paid', '--max', '3')).at(-1)).toBe('… cut at 3 events');
});

test('reports errors in one sentence', async () => {
  const { url } = server.tidings;
  for (const [args, code, sentence] of [
    [['nothing'], 1, 'There is no event "nothing": it was never stored, was removed by retention, or is hidden from this key.'],
    [['a', 'b'], 2, 'Expected one event id, got 2. Usage: tidings chain'],
    [[], 2, 'Expected one event id, got 0. Usage: tidings chain'],
    [['paid', '--max', '0'], 2, '--max: expected a whole number of at least 1, got "0".'],
    [['paid', '--max', '1001'], 1, 'maxEvents: expected a whole number from 1 to 1000, got 1001'],
  ] as const) {
    const drawing = run(['chain', ...args, '--url', url]);
    expect(await drawing.ended).toBe(code);
    expect(drawing.stderr()).toContain(sentence);
    expect(drawing.stdout()).toBe('');
  }
  const nowhere = run(['chain', 'paid', '--url', `http://127.0.0.1:${await freePort()}`]);
  expect(await nowhere.ended).toBe(1);
  expect(nowhere.stderr()).toContain('could not be reached for 5 s');
});
