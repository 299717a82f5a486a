import { expect, test, vi } from 'vitest';
import { adminKey, bearer, makeKey, revocation } from '../support/keys.ts';
import { startProcess } from '../support/process.ts';
import { newDatabase } from '../support/test-server.ts';

test('a key that one process revokes ends at every process, and stores no event after that', async () => {
  await using testDatabase = await newDatabase();
  const settings = { ...testDatabase.environment, TIDINGS_ADMIN_KEY: adminKey };
  const processes = [await startProcess(settings), await startProcess(settings)];
  try {
    const [one, other] = processes.map(({ url }) => url) as [string, string];
    const { id, secret } = await makeKey(one, {});
    const holder = bearer(other, secret); // known at once to the process that did not create it
    const closed = vi.fn<(event: unknown) => void>();
    const client = holder.socket({ closed });
    let stored = 0;
    const emitting = (async () => {
      for (;;) {
        const { status, data } = await holder.execute(
          `mutation { emitEvent(input: { event: "a", resource: { id: "r" }, payload: { n: ${stored} } }) { status } }`,
        );
        // The key can also end between authentication and storing, which is an error of the operation.
        if (status !== 200 || data?.emitEvent == null) return Date.now();
        expect(data.emitEvent.status).toBe('CREATED');
        stored += 1;
      }
    })();
    const listening = client.iterate({ query: 'subscription { events { id } }' });
    await listening.next();
    const revoked = Date.now();
    await bearer(one, adminKey).data(revocation, { id });
    expect((await emitting) - revoked).toBeLessThan(5000); // the guaranteed time; it is usually shorter
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), revoked + 5000 - Date.now());
    expect(closed.mock.calls[0]?.[0]).toMatchObject({ code: 4403 });
    const count = '{ events(filter: { event: { in: ["a"] } }) { totalCount { count } } }';
    expect((await bearer(one, adminKey).data(count)).events.totalCount.count).toBe(stored);
    expect(stored).toBeGreaterThan(0);
  } finally {
    for (const { child } of processes) child.kill('SIGKILL');
  }
});
