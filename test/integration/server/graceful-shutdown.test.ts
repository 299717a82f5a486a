import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { expect, test } from 'vitest';
import { startProcess } from '../../support/process.ts';
import { newDatabase } from '../../support/test-server.ts';

test('a server that shuts down responds to earlier requests, and accepts no further ones on its connections', async () => {
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
  // Some requests were on their way; but a client that sends more cannot prevent the shutdown.
  expect(responses).toBeLessThan(20);
});
