import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createTidings, type TidingsError } from '../../../src/client/tidings-client.ts';
import { startTestServer } from '../../support/test-server.ts';

test('a client asks for another key when the server rejects the one it has, and goes on', async () => {
  const adminKey = 'a'.repeat(32);
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  await using admin = createTidings(url, { key: adminKey });
  const create = async (): Promise<{ readonly id: string; readonly secret: string }> => {
    const mutation = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret key { id } } }';
    const { createApiKey } = await admin.graphql<any>(mutation, { input: { name: 'client' } });
    return { id: createApiKey.key.id, secret: createApiKey.secret };
  };
  const revoke = async (id: string): Promise<void> =>
    void (await admin.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id }));
  await Promise.all(
    [{}, { webSocket: WebSocket }].map(async (options, index) => {
      const [first, second] = [await create(), await create()];
      const secrets = [first.secret, second.secret];
      let asked = 0;
      const retry = { minMs: 10, maxMs: 100 };
      await using tidings = createTidings(url, { ...options, retry, key: () => Promise.resolve(secrets[Math.min(asked++, 1)]!) });
      const name = `keyed.${index}`;
      const stream = tidings.events({ event: { in: [name] } });
      await stream.listening;
      await tidings.emit(name, { resource: 'r', id: `${name}-1` });
      await revoke(first.id);
      await tidings.emit(name, { resource: 'r', id: `${name}-2` });
      const ids: string[] = [];
      for await (const { id } of stream) if (ids.push(id) === 2) break;
      expect(ids).toEqual([`${name}-1`, `${name}-2`]);
      expect(asked).toBe(2);
      // A running loop survives that the next key is known late.
      const third = await create();
      let isRejected = false;
      const waiting = tidings.events(
        { event: { in: [`${name}.late`] } },
        { onState: (state) => void (isRejected ||= state.is === 'waiting' && state.error.code === 'UNAUTHENTICATED') },
      );
      await waiting.listening;
      await revoke(second.id);
      await vi.waitFor(() => expect(isRejected).toBe(true), 10_000);
      secrets[1] = third.secret;
      await tidings.emit(`${name}.late`, { resource: 'r', id: `${name}-3` });
      for await (const { id } of waiting) {
        expect(id).toBe(`${name}-3`);
        break;
      }
      // With no other key, a loop that begins ends.
      await revoke(third.id);
      const ended = (async () => {
        for await (const event of tidings.events({ event: { in: [name] } })) throw new Error(event.id);
      })();
      await expect(ended).rejects.toMatchObject({ code: 'UNAUTHENTICATED' } satisfies Partial<TidingsError>);
    }),
  );
});
