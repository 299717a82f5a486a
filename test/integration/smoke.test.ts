import { expect, test } from 'vitest';
import { listenTo, startWorld } from '../support/test-server.ts';

test('an event goes in, is found, and reaches a subscriber', async () => {
  await using world = await startWorld();
  const listening = listenTo(world.socket(), 'subscription { events { id cursor resource { name } } }');
  const first = listening.next();
  // The subscription begins at the head when it was accepted, so emit until it hears.
  const ids: string[] = [];
  let heard = false;
  void first.then(() => (heard = true));
  while (!heard) {
    const { emitEvent } = await world.data(
      'mutation { emitEvent(input: {event: "acme.greeted", resource: {id: "acme.kiki", name: "Kiki"}}) { status event { id } } }',
    );
    expect(emitEvent.status).toBe('CREATED');
    ids.push(emitEvent.event.id);
  }
  const { value } = await first;
  expect(ids).toContain(value.data.events.id);
  expect(value.data.events.resource.name).toBe('Kiki');
  const { event } = await world.data('query ($id: ID!) { event(id: $id) { id cursor } }', { id: value.data.events.id });
  expect(event.cursor).toBe(value.data.events.cursor);
});
