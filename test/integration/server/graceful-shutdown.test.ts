import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { expect, test } from 'vitest';
import { startProcess } from '../../support/process.ts';
import { newDatabase } from '../../support/test-server.ts';

test('a server that is asked to stop answers what was asked before, and nothing more on the connections that it has', async () => {
  await using home = await newDatabase();
  const { child, url } = await startProcess(home.environment);
  const exit = once(child, 'exit');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = JSON.stringify({ query: 'mutation { emitEvent(input: {event: "a", resource: {id: "r"}}) { status } }' });
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const asked = request(`${url}/graphql`, { agent, method: 'POST', headers: { 'content-type': 'application/json' } }, (answer) => {
        answer.on('error', reject);
        answer.resume().on('end', resolve);
      });
      asked.on('error', reject);
      asked.end(body);
    });
  let [answered, stopping] = [0, false];
  for (let failed = false; !failed;) {
    failed = await ask().then(
      () => false,
      () => true,
    );
    if (stopping && !failed) answered += 1;
    if (!stopping && (answered += 1) === 50) {
      child.kill('SIGTERM');
      [answered, stopping] = [0, true];
    }
  }
  expect((await exit)[0]).toBe(0);
  // One may have been on its way; a client that goes on asking does not keep a server up that wants to go.
  expect(answered).toBeLessThan(20);
});
