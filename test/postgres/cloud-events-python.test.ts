import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storedEvents } from '../support/door.ts';
import { installPython, type PythonHome } from '../support/readme-clients.ts';
import { startWorld } from '../support/world.ts';

// A sender cares little for the database behind the server, so once will do. CI says that Python has to be there.
const required = process.env['TIDINGS_TEST_PYTHON'] === 'required';

// The official SDK for Python, which makes the messages and leaves sending them to others.
const script = `
import sys, urllib.request
from datetime import datetime, timezone
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

def event(id, data, **more):
    attributes = {"specversion": "1.0", "id": id, "source": "/orders/eu", "type": "acme.order.paid", "subject": "Zoë 100%",
                  "time": datetime(2026, 11, 23, 14, 41, 10, 863461, timezone.utc), "attempt": 2, "datacontenttype": "application/json"}
    return CloudEvent({**attributes, **more}, data)

events = [event("1", {"amount": 12.5, "customer": "Zoë"}),
          event("2", "grüß dich", datacontenttype="text/plain", follows="1"),
          event("3", b"\\x89P\\xff", datacontenttype="image/png")]
for each in events:
    for message in (to_binary_event(each), to_structured_event(each)):
        request = urllib.request.Request(sys.argv[1], message.body, message.headers)
        print(urllib.request.urlopen(request).status)
`;

let home: PythonHome;
beforeAll(() => {
  home = installPython('cloudevents==2.2.0');
}, 300_000);
afterAll(() => home[Symbol.dispose]());

test('what the SDK for Python sends is stored as it was said, once, in binary and in structured mode', async (context) => {
  if (home.missing !== null && !required) context.skip(home.missing);
  expect(home.missing).toBeNull();
  await using world = await startWorld();
  const child = spawn(home.python, ['-c', script, `${world.tidings.url}/cloudevents`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  expect((await once(child, 'close'))[0]).toBe(0);
  expect(printed).toBe('204\n'.repeat(6));
  const common = { occurred: '2026-11-23T14:41:10.863461Z', event: 'acme.order.paid', related: [] };
  const labels = { 'ce-source': '/orders/eu', 'ce-attempt': '2' };
  expect(await storedEvents(world)).toEqual([
    { ...common, id: '/orders/eu 1', resource: { id: 'Zoë 100%', labels }, payload: { amount: 12.5, customer: 'Zoë' }, follows: null },
    {
      ...common,
      id: '/orders/eu 2',
      resource: { id: 'Zoë 100%', labels: { ...labels, 'ce-datacontenttype': 'text/plain' } },
      payload: { data: 'grüß dich' },
      follows: { id: '/orders/eu 1' },
    },
    {
      ...common,
      id: '/orders/eu 3',
      resource: { id: 'Zoë 100%', labels: { ...labels, 'ce-datacontenttype': 'image/png' } },
      payload: { data_base64: 'iVD/' },
      follows: null,
    },
  ]);
});
