import { expect, test } from 'vitest';
import { adminKey, bearer, makeKey, revocation } from '../../support/keys.ts';
import { startTestServer } from '../../support/test-server.ts';

const query = '{ me { id name permissions filter emitPrefix created expires revoked } }';

test('without keys there is no key of a request', async () => {
  await using server = await startTestServer();
  expect(await server.data(query)).toEqual({ me: null });
});

test('every key can query itself, whatever its permissions', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  const inputs = [
    { name: 'emitter', permissions: ['EMIT'], emitPrefix: 'acme.', expires: '2099-01-01T00:00:00Z' },
    { name: 'reader', permissions: ['READ'], filter: { event: { in: ['a'] } } },
    { name: 'admin', permissions: ['ADMIN'] },
  ];
  for (const input of inputs) {
    const { id, bearer: holder } = await makeKey(url, input);
    const { me } = await holder.data(query);
    expect(me).toMatchObject({ id, name: input.name, permissions: input.permissions, filter: input.filter ?? null, revoked: null });
    expect(me.emitPrefix).toBe(input.emitPrefix ?? null);
    const { apiKeys } = await bearer(url, adminKey).data(`{ apiKeys ${query.slice(query.indexOf('{ id'), -2)} }`);
    expect(apiKeys.find((each: any) => each.id === id)).toEqual(me);
  }
  expect((await server.execute(query)).status).toBe(401);
});

test('TIDINGS_ADMIN_KEY is a key like the others, which is not stored', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { me, apiKeys } = await bearer(server.tidings.url, adminKey).data(`${query.slice(0, -2)} apiKeys { id } }`);
  expect(me).toEqual({
    id: 'admin',
    name: 'TIDINGS_ADMIN_KEY',
    permissions: ['EMIT', 'READ', 'ADMIN'],
    filter: null,
    emitPrefix: null,
    created: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    expires: null,
    revoked: null,
  });
  expect(apiKeys).toEqual([]);
});

test('a revoked key is rejected', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  const { id, bearer: holder } = await makeKey(url, { permissions: ['EMIT'] });
  expect((await holder.data(query)).me.id).toBe(id);
  await bearer(url, adminKey).data(revocation, { id });
  expect((await holder.execute(query)).status).toBe(401);
});
