import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

// The audits of the GraphQL over HTTP specification, each of what it says MUST, SHOULD or MAY be.
describe('the server speaks GraphQL over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const audits = serverAudits({ url: () => `${server.tidings.url}/graphql`, fetchFn: fetch });

  test.each(audits)('$id $name', async ({ fn }) => {
    const result = await fn();
    if (result.status !== 'ok') await result.response.body?.cancel(); // let the connection go
    expect('reason' in result ? result.reason : result.status).toBe('ok');
  });

  test('which is asked in 61 ways', () => {
    expect(audits).toHaveLength(61);
  });
});
