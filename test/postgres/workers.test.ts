import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startProcess } from '../support/process.ts';
import { listenTo, newDatabase, post, socketTo } from '../support/test-server.ts';

const workersOf = (pid: number): number[] =>
  execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);
function isUp(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
const emit = (url: string, id: string): Promise<any> =>
  post(url, 'mutation ($id: ID!) { emitEvent(input: {id: $id, event: "a", resource: {id: "r"}}) { status } }', { id });

test('several workers share a port and the log; one that is killed is replaced, and a stop ends all', async () => {
  await using testDatabase = await newDatabase();
  const { url, child } = await startProcess({ ...testDatabase.environment, TIDINGS_WORKERS: '3' });
  const exit = once(child, 'exit');
  const before = workersOf(child.pid!);
  expect(before).toHaveLength(3);

  // Connections are distributed to the workers in turn.
  const clients = Array.from({ length: 6 }, () => socketTo(url));
  const { head: after } = (await post(url, '{ head }')).data;
  const streams = clients.map((client) => listenTo(client, 'subscription ($after: Cursor) { events(after: $after) { id } }', { after }));
  for (let index = 0; index < 12; index += 1) expect((await emit(url, `w-${index}`)).data.emitEvent.status).toBe('CREATED');
  for (const stream of streams) {
    for (let index = 0; index < 12; index += 1) expect((await stream.next()).value.data.events.id).toBe(`w-${index}`);
  }

  // Each worker reports the sum of all.
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/^tidings_events_emitted_total\{status="created"\} 12$/m);
  expect(metrics).toMatch(/^tidings_subscriptions 6$/m);
  expect(metrics).toMatch(/^tidings_websockets 6$/m);

  process.kill(before[0]!, 'SIGKILL');
  await expect.poll(() => workersOf(child.pid!).filter((pid) => !before.includes(pid)).length, { timeout: 30_000 }).toBe(1);
  for (let index = 0; index < 6; index += 1) {
    await expect
      .poll(async () => (await emit(url, `x-${index}`).catch(() => null))?.data?.emitEvent.status, { timeout: 20_000 })
      .toMatch(/CREATED|DUPLICATE/);
  }

  for (const client of clients) await client.dispose();
  child.kill('SIGTERM');
  expect((await exit)[0]).toBe(0);
  for (const pid of before) expect(isUp(pid)).toBe(false);
});

test('workers end when the process above them is killed', async () => {
  await using testDatabase = await newDatabase();
  const { child } = await startProcess({ ...testDatabase.environment, TIDINGS_WORKERS: '2' });
  const workers = workersOf(child.pid!);
  child.kill('SIGKILL');
  await expect.poll(() => workers.filter(isUp), { timeout: 20_000 }).toEqual([]);
});
