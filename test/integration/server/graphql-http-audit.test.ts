import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

// The audits of the GraphQL over HTTP specification: one for each MUST, SHOULD and MAY.
describe('the server conforms to GraphQL over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const audits = serverAudits({ url: () => `${server.tidings.url}/graphql`, fetchFn: fetch });

  test.each(audits)('$id $name', async ({ fn }) => {
    const result = await fn();
    if (result.status !== 'ok') await result.response.body?.cancel(); // so that the connection can be reused
    expect('reason' in result ? result.reason : result.status).toBe('ok');
  });

  test('by all 61 audits', () => {
    expect(audits).toHaveLength(61);
  });
});
