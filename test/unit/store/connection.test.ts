import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { openConnection } from '../../../src/store/database/connection.ts';

const loopbacks = ['127.0.0.1', '::1'].filter((each) =>
  Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === each)),
);

test.each(loopbacks)('connects to the host %s, and reports that it closes the connection', async (host) => {
  const server = createServer((socket) => socket.destroy()).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connected = once(server, 'connection');
  const shown = host.includes(':') ? `[${host}]` : host;
  const opening = openConnection({ urls: [`postgres://u@${shown}:${port}/db`], driver: { connection: {} } });
  await expect(opening).rejects.toMatchObject({ code: expect.stringMatching(/^(CONNECTION_CLOSED|ECONNRESET)$/) });
  await connected;
  server.close();
});
