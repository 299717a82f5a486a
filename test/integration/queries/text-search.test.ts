import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { origin } from '../../../src/event/cursor.ts';
import { normalized } from '../../../src/filter/case-folding.ts';
import { matches } from '../../../src/filter/matches.ts';
import { readSettings } from '../../../src/settings.ts';
import { unbounded } from '../../../src/store/database/read-budget.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { everyEvent } from '../../../src/store/queries/page-request.ts';
import { readPages } from '../../../src/store/queries/pages.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';
import { newDatabase } from '../../support/test-server.ts';
import { draftOf } from '../../unit/support/valid-event.ts';

const seed = testSeed();
const terms = 150;

/** Mostly characters that stand for themselves, among those with other forms, or special in JSON, LIKE or both. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abAB-.') },
  { weight: 2, arbitrary: fc.constantFrom('k', 'K', '\u212A', 's', 'S', '\u017F', 'e', 'e\u0301', '\u00E9', '\u00C9', '\u0323') },
  { weight: 1, arbitrary: fc.constantFrom(...'%_\\"`;', '\u037E', '\u1FEF', '\n', '\u{1D538}') },
);
const text = fc.string({ unit: character, minLength: 4, maxLength: 40 });

test('a longer text is found in any case and composition, in every part of an event, and nothing else is', async () => {
  await using testDatabase = await newDatabase();
  await using store = await openStore(readSettings(testDatabase.environment));
  const { database } = store;
  const samples = fc.sample(fc.tuple(text, text, text, text, text), { seed, numRuns: 60 });
  const drafts = samples.map(([event, id, label, relatedId, value], n) =>
    draftOf({
      id: `e${n}`,
      event,
      resource: { id, labels: { label } },
      related: [{ id: relatedId, role: 'r', labels: {} }],
      payload: { list: [{ value }] },
    }),
  );
  await appendEvents(database, drafts, 'REJECT_ALL');
  const head = await readHead(database);
  const { events } = await readLog(database, { after: origin, head, limit: 100 });
  const texts = samples.flat();
  const part = fc.tuple(
    fc.constantFrom(...texts),
    fc.nat(40),
    fc.integer({ min: 3, max: 30 }),
    fc.constantFrom('NFC', 'NFD', 'upper', 'lower'),
  );
  let found = 0;
  for (const [whole, at, length, form] of fc.sample(part, { seed, numRuns: terms })) {
    const characters = Array.from(normalized(whole));
    const cut = characters
      .slice(at % characters.length)
      .slice(0, length)
      .join('');
    const searchTerm = form === 'upper' ? cut.toUpperCase() : form === 'lower' ? cut.toLowerCase() : cut.normalize(form);
    const filter = { kind: 'contains', searchTerm } as const;
    const [page] = await readPages(
      database,
      { filter, order: 'LOG', head, limit: 100, backward: false },
      { ...everyEvent, budget: unbounded },
    );
    const expected = events.filter((event) => matches(filter, event)).map(({ id }) => id);
    expect(
      page!.events.map(({ id }) => id),
      JSON.stringify(searchTerm),
    ).toEqual(expected);
    found += expected.length;
  }
  expect(found).toBeGreaterThan(terms);
});
