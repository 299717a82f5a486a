import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

interface Link {
  readonly id: string;
  readonly follows: string | null;
  readonly occurred: string;
}

const chainOf = `query ($id: ID!, $most: Int) { event(id: $id) {
  chain(maxEvents: $most) { root { id } ancestors { id } descendants { id } missingId cyclic truncated }
} }`;

async function emit(links: readonly Link[]): Promise<void> {
  for (let from = 0; from < links.length; from += 500) {
    const input = links.slice(from, from + 500).map((link) => ({ ...link, event: 'a.b', resource: { id: 'r' } }));
    await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
  }
}
async function chain(id: string, maxEvents?: number): Promise<any> {
  const { event } = await server.data(chainOf, { id, most: maxEvents });
  const ids = (events: { id: string }[]): string[] => events.map((each) => each.id);
  return { ...event.chain, root: event.chain.root.id, ancestors: ids(event.chain.ancestors), descendants: ids(event.chain.descendants) };
}
const link = (id: string, follows: string | null = null, second = 0): Link => ({
  id,
  follows,
  occurred: `2026-01-01T00:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}Z`,
});

/** A chain by its definition, link by link. `links` are in log order. */
function oracleChain(links: readonly Link[], start: Link) {
  const byId = new Map(links.map((each) => [each.id, each]));
  const ancestors: Link[] = [];
  let next = start.follows;
  let cyclic = false;
  for (let predecessor = byId.get(next ?? ''); predecessor !== undefined && !cyclic; predecessor = byId.get(next ?? '')) {
    cyclic = predecessor === start || ancestors.includes(predecessor);
    if (!cyclic) ancestors.push(predecessor);
    next = predecessor.follows;
  }
  const descendants: Link[] = [];
  for (let level = [start]; level.length > 0;) {
    level = links
      .filter((each) => each !== start && level.some(({ id }) => id === each.follows))
      .toSorted((a, b) => (a.occurred === b.occurred ? 0 : a.occurred < b.occurred ? -1 : 1));
    descendants.push(...level);
  }
  const root = ancestors.at(-1) ?? start;
  return {
    root: root.id,
    ancestors: ancestors.map(({ id }) => id),
    descendants: descendants.map(({ id }) => id),
    missingId: cyclic ? null : root.follows,
    cyclic,
    truncated: false,
  };
}

test('chains of random links, with branches, circles, self-follows and missing predecessors, in any order of arrival', async () => {
  let round = 0;
  const links = fc.array(fc.record({ follows: fc.option(fc.nat(14)), second: fc.nat(5) }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(links, async (drawn) => {
      const name = (n: number): string => `c${seed}-${round}-${n}`;
      const all = drawn.map(({ follows, second }, n) => link(name(n), follows === null ? null : name(follows), second));
      round += 1;
      await emit(all);
      for (const each of all) expect(await chain(each.id)).toEqual(oracleChain(all, each));
    }),
    { seed, numRuns: 25 },
  );
}, 120_000);

test('a predecessor that arrives later joins the chain', async () => {
  await emit([link('late-3', 'late-2')]);
  expect(await chain('late-3')).toMatchObject({ root: 'late-3', ancestors: [], missingId: 'late-2' });
  await emit([link('late-2', 'late-1')]);
  expect(await chain('late-3')).toMatchObject({ root: 'late-2', ancestors: ['late-2'], missingId: 'late-1' });
  expect(await chain('late-2')).toMatchObject({ descendants: ['late-3'], missingId: 'late-1' });
});

test('maxEvents truncates ancestors first, then descendants, and reports it', async () => {
  await emit(Array.from({ length: 159 }, (_, n) => link(`long-${n}`, n === 0 ? null : `long-${n - 1}`, n)));
  expect(await chain('long-158')).toMatchObject({ root: 'long-0', missingId: null, cyclic: false, truncated: false });
  expect((await chain('long-79')).descendants).toEqual(Array.from({ length: 79 }, (_, n) => `long-${80 + n}`));
  const truncatedChain = { missingId: null, cyclic: false, truncated: true };
  expect(await chain('long-79', 80)).toMatchObject({ root: 'long-0', descendants: [], truncated: true });
  expect(await chain('long-79', 79)).toEqual({ ...truncatedChain, root: 'long-1', ancestors: expect.any(Array), descendants: [] });
  expect(await chain('long-79', 82)).toMatchObject({ ...truncatedChain, root: 'long-0', descendants: ['long-80', 'long-81'] });
  expect(await chain('long-79', 159)).toMatchObject({ truncated: false });
  expect(await chain('long-79', 1)).toEqual({ ...truncatedChain, root: 'long-79', ancestors: [], descendants: [] });
  expect(await chain('long-0', 1)).toMatchObject({ root: 'long-0', truncated: true });
  await emit([link('circle-0', 'circle-1'), link('circle-1', 'circle-2'), link('circle-2', 'circle-0')]);
  expect(await chain('circle-0', 2)).toMatchObject({ ...truncatedChain, ancestors: ['circle-1'], root: 'circle-1' });
  expect(await chain('circle-0', 3)).toMatchObject({ cyclic: true, ancestors: ['circle-1', 'circle-2'], root: 'circle-2' });
});

test('each level of many followers is truncated in order', async () => {
  await emit([link('wide'), ...Array.from({ length: 600 }, (_, n) => link(`wide-${n}`, 'wide', 600 - n))]);
  const { descendants, truncated } = await chain('wide', 101);
  expect(descendants).toEqual(Array.from({ length: 100 }, (_, n) => `wide-${599 - n}`));
  expect(truncated).toBe(true);
});

test('maxEvents out of its range is rejected', async () => {
  await emit([link('one')]);
  const codes = await Promise.all(
    [0, -1, 1001].map(async (maxEvents) => (await server.execute(chainOf, { id: 'one', most: maxEvents })).errors![0]!.extensions.code),
  );
  expect(codes).toEqual(['BAD_USER_INPUT', 'BAD_USER_INPUT', 'LIMIT_EXCEEDED']);
});

test('chains within a page are read together', async () => {
  await emit(Array.from({ length: 20 }, (_, n) => link(`page-${n}`, n === 0 ? null : `page-${n - 1}`, n)));
  const { events } = await server.data(
    `{ events(filter: {id: [${Array.from({ length: 20 }, (_, n) => `"page-${n}"`).join()}]}, order: LOG) { nodes { id chain { ancestors { id } descendants { id } } } } }`,
  );
  for (const [n, { chain: each }] of events.nodes.entries()) {
    expect([each.ancestors.length, each.descendants.length]).toEqual([n, 19 - n]);
  }
});
