import { expect, test } from 'vitest';
import { listenTo, startTestServer } from '../support/test-server.ts';

test('an emitted event is found and reaches a subscriber', async () => {
  await using server = await startTestServer();
  const listening = listenTo(server.socket(), 'subscription { events { id cursor resource { name } } }');
  const first = listening.next();
  // The subscription starts at the head when the server accepts it, so emit until an event arrives.
  const ids: string[] = [];
  let hasReceived = false;
  void first.then(() => (hasReceived = true));
  while (!hasReceived) {
    const { emitEvent } = await server.data(
      'mutation { emitEvent(input: {event: "acme.greeted", resource: {id: "acme.kiki", name: "Kiki"}}) { status event { id } } }',
    );
    expect(emitEvent.status).toBe('CREATED');
    ids.push(emitEvent.event.id);
  }
  const { value } = await first;
  expect(ids).toContain(value.data.events.id);
  expect(value.data.events.resource.name).toBe('Kiki');
  const { event } = await server.data('query ($id: ID!) { event(id: $id) { id cursor } }', { id: value.data.events.id });
  expect(event.cursor).toBe(value.data.events.cursor);
});
