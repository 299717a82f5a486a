import { expect, test, vi } from 'vitest';
import { adminKey, bearer, makeKey } from '../../support/keys.ts';
import { startTestServer } from '../../support/test-server.ts';

// More blocks than an estimate samples: whether a count is exact depends on how many blocks pass.
const eventCount = 12_000;

test('explainFilter answers the same for what only hidden events have and for what no event has', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = server.tidings;
  const admin = bearer(url, adminKey);
  const emit = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }';
  for (let from = 0; from < eventCount; from += 1000) {
    const input = Array.from({ length: 1000 }, (_, n) =>
      n % 2 === 0
        ? { event: 'acme.open', resource: { id: 'acme.thing' }, payload: { n: from + n } }
        : { event: 'secret.event', resource: { id: 'secret.thing', labels: { level: 'secret' } } },
    );
    await admin.data(emit, { input });
  }
  await vi.waitFor(
    async () => {
      const metrics = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${adminKey}` } })).text();
      expect(Number(/^tidings_index_lag_events (\d+)$/m.exec(metrics)?.[1])).toBeLessThan(1024); // events short of a row group
    },
    { timeout: 30_000, interval: 100 },
  );

  const filter = { resource: { id: { startsWith: ['acme.'] } } };
  const restricted = (await makeKey(url, { permissions: ['READ'], filter })).bearer;
  const all = (await makeKey(url, { permissions: ['READ'] })).bearer;
  const query = 'query ($filter: EventFilter!) { explainFilter(filter: $filter) { indexConditions postFilter estimate { count exact } } }';
  const explain = async (who: typeof restricted, of: object): Promise<any> => (await who.data(query, { filter: of })).explainFilter;
  const pairs: readonly (readonly [object, object])[] = [
    [{ event: { in: ['secret.event'] } }, { event: { in: ['absent.event'] } }],
    [{ event: { startsWith: ['secret.'] } }, { event: { startsWith: ['absent.'] } }],
    [{ resource: { id: { in: ['secret.thing'] } } }, { resource: { id: { in: ['absent.thing'] } } }],
    [{ resource: { labels: [{ key: 'level', in: ['secret'] }] } }, { resource: { labels: [{ key: 'level', in: ['absent'] }] } }],
    [{ text: 'secret.thing' }, { text: 'absent.thing' }],
  ];
  for (const [hidden, absent] of pairs) {
    const got = await explain(restricted, hidden);
    expect(got.estimate, JSON.stringify(hidden)).toEqual((await explain(restricted, absent)).estimate);
    // The comparison can fail: the same question without the key's filter tells them apart.
    expect((await explain(all, hidden)).estimate).not.toEqual((await explain(admin, absent)).estimate);
  }
  expect((await explain(restricted, { event: { in: ['acme.open'] } })).estimate.count).toBeGreaterThan(eventCount / 4);
});
