import { expect, test, vi } from 'vitest';
import { run } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { startTestServer } from '../../support/test-server.ts';

test('emits stories whose events follow each other, until it is interrupted', async () => {
  await using server = await startTestServer();
  const demo = run(['demo', '--rate', '1000', '--url', server.tidings.url]);
  const total = async (): Promise<number> => (await server.data('{ eventCounts(by: [{ event: {} }]) { total } }')).eventCounts.total;
  await vi.waitFor(async () => expect(await total()).toBeGreaterThan(300), { timeout: 30_000, interval: 100 });
  expect(await demo.stop('SIGINT')).toBe(0);
  const [, emitted] = /^Emitting about 1000 events a second to http.*\nEmitted (\d+) events\.\n$/.exec(demo.stdout())!;
  expect(await total()).toBe(Number(emitted));
  const { events } = await server.data(
    '{ events(first: 1, filter: { event: { in: ["acme.payment.authorized"] } }) { nodes { follows { event } } } }',
  );
  expect(events.nodes[0].follows.event).toBe('acme.order.placed');
  expect(demo.stderr()).toBe('');
});

test.each([
  [['--rate', '0'], 2, '--rate: expected a number from 0.1 to 1000, got "0".\n'],
  [['--rate', 'many'], 2, '--rate: expected a number from 0.1 to 1000, got "many".\n'],
])('%j ends with %i', async (args, code, sentence) => {
  const demo = run(['demo', ...args]);
  expect([await demo.ended, demo.stderr()]).toEqual([code, sentence]);
});

test('a server that cannot be reached is reported at once', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const demo = run(['demo', '--url', url]);
  expect([await demo.ended, demo.stderr()]).toEqual([1, expect.stringContaining(`${url} cannot be reached`)]);
});
