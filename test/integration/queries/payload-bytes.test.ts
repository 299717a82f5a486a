import { expect, test } from 'vitest';
import { startTestServer } from '../../support/test-server.ts';

test('payloadBytes are the bytes of the payload as JSON, whether or not the payload is selected', async () => {
  await using server = await startTestServer();
  const payloads = [
    {},
    { a: 1 },
    { text: 'é💌"\\\n\u2028', list: [1, 1.5, null, true, {}], nested: { 'k e y': [] } },
    { much: 'x'.repeat(1_000_000) },
  ];
  const input = payloads.map((payload, n) => ({ id: `e-${n}`, event: 'a', resource: { id: 'r' }, payload }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
  const without = await server.data('{ events(order: LOG) { nodes { payloadBytes } } }');
  const both = await server.data('{ events(order: LOG) { nodes { payload payloadBytes } } }');
  expect(without.events.nodes).toEqual(payloads.map((payload) => ({ payloadBytes: Buffer.byteLength(JSON.stringify(payload)) })));
  for (const { payload, payloadBytes } of both.events.nodes) expect(payloadBytes).toBe(Buffer.byteLength(JSON.stringify(payload)));
});
