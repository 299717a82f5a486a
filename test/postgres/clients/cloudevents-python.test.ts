import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { storedEvents } from '../../support/protocols/adapter.ts';
import { pythonWith } from '../../support/protocols/python.ts';
import { startTestServer } from '../../support/test-server.ts';

// A sender does not depend on the database of the server, so Postgres alone is enough.
const python = pythonWith('cloudevents==2.2.0');

// The official SDK for Python, which creates the messages and does not send them.
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

test('events of the SDK for Python are stored unchanged and once, in binary and in structured mode', async (context) => {
  python.requirePython(context);
  await using server = await startTestServer();
  const child = spawn(python.program('python3'), ['-c', script, `${server.tidings.url}/cloudevents`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  expect((await once(child, 'close'))[0]).toBe(0);
  expect(printed).toBe('204\n'.repeat(6));
  const common = { occurred: '2026-11-23T14:41:10.863461Z', event: 'acme.order.paid', related: [] };
  const labels = { 'ce-source': '/orders/eu', 'ce-attempt': '2' };
  expect(await storedEvents(server)).toEqual([
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
