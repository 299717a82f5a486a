import { CloudEvent, emitterFor, HTTP, httpTransport, Mode } from 'cloudevents';
import { expect, test } from 'vitest';
import { postTo, storedEvents, storedIds } from '../../support/protocols/adapter.ts';
import { startTestServer } from '../../support/test-server.ts';

const event = {
  id: '0190',
  source: 'https://acme.example/orders',
  type: 'acme.order.paid',
  subject: 'acme.order.4711',
  time: '2026-11-23T14:41:10.863Z', // the SDK cuts microseconds
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  attempt: 2,
  late: false,
};

// The official SDK for JavaScript, as its README sends.
for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
  test(`events that the SDK for JavaScript sends in ${mode} mode are stored unchanged`, async () => {
    await using server = await startTestServer();
    const emit = emitterFor(httpTransport(`${server.tidings.url}/cloudevents`), { mode });
    const responses = [
      await emit(new CloudEvent({ ...event, data: { amount: 12.5, customer: 'Zoë' } })),
      await emit(new CloudEvent({ ...event, id: 'text', datacontenttype: 'text/plain', data: 'grüß dich' })),
      await emit(new CloudEvent({ ...event, id: 'bytes', datacontenttype: 'image/png', data: Uint8Array.from([0x89, 0x50, 0xff]) })),
      await emit(new CloudEvent({ ...event, id: 'list', datacontenttype: 'application/json', data: [1, 2] })),
    ];
    expect(responses.map((response: any) => response.body)).toEqual(['', '', '', '']); // it does not return the status
    const stored = await storedEvents(server);
    expect(stored.map(({ id, payload }) => [id.split(' ')[1], payload])).toEqual([
      ['0190', { amount: 12.5, customer: 'Zoë' }],
      ['text', { data: 'grüß dich' }],
      ['bytes', { data_base64: 'iVD/' }],
      ['list', { data: [1, 2] }],
    ]);
    expect(stored[0]).toMatchObject({
      id: 'https://acme.example/orders 0190',
      event: 'acme.order.paid',
      occurred: '2026-11-23T14:41:10.863000Z',
      resource: {
        id: 'acme.order.4711',
        labels: { 'ce-source': event.source, 'ce-traceparent': event.traceparent, 'ce-attempt': '2', 'ce-late': 'false' },
      },
    });
    expect(stored[2].resource.labels['ce-datacontenttype']).toBe('image/png');
  });
}

test('an event that the SDK for JavaScript sends in both modes, and in a batch, is stored once', async () => {
  await using server = await startTestServer();
  const cloudEvent = new CloudEvent({ ...event, data: { amount: 12.5 } });
  for (const { body, headers } of [HTTP.binary(cloudEvent), HTTP.structured(cloudEvent)]) {
    expect((await postTo(server, '/cloudevents', body, headers as Record<string, string>)).status).toBe(204);
  }
  const batch = { 'content-type': 'application/cloudevents-batch+json' };
  const response = await postTo(server, '/cloudevents?on_error=skip', [cloudEvent, cloudEvent.cloneWith({ id: 'other' })], batch);
  expect(response.body).toMatchObject({ created: 1, duplicates: 1, rejected: 0 });
  expect(await storedIds(server)).toEqual(['https://acme.example/orders 0190', 'https://acme.example/orders other']);
});
