import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { expect, test } from 'vitest';
import { startProcess } from '../../support/process.ts';
import { newDatabase } from '../../support/test-server.ts';

test('a server that is asked to stop answers what was asked before, and nothing more on the connections that it has', async () => {
  await using testDatabase = await newDatabase();
  const { child, url } = await startProcess(testDatabase.environment);
  const exit = once(child, 'exit');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = JSON.stringify({ query: 'mutation { emitEvent(input: {event: "a", resource: {id: "r"}}) { status } }' });
  const sendQuery = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/graphql`, { agent, method: 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
        response.on('error', reject);
        response.resume().on('end', resolve);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  let [responses, stopping] = [0, false];
  for (let failed = false; !failed;) {
    failed = await sendQuery().then(
      () => false,
      () => true,
    );
    if (stopping && !failed) responses += 1;
    if (!stopping && (responses += 1) === 50) {
      child.kill('SIGTERM');
      [responses, stopping] = [0, true];
    }
  }
  expect((await exit)[0]).toBe(0);
  // One may have been on its way; a client that goes on asking does not keep a server up that wants to go.
  expect(responses).toBeLessThan(20);
});
