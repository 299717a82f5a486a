import { unbounded } from '../../../src/store/database/read-budget.ts';
import { sql } from 'drizzle-orm';
import { expect, test, vi } from 'vitest';
import { origin } from '../../../src/event/cursor.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { readSettings } from '../../../src/settings.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { countEvents, readPages } from '../../../src/store/queries/pages.ts';
import { everyEvent } from '../../../src/store/queries/page-request.ts';
import { draftOf } from '../../unit/support/valid-event.ts';
import { indexEvents } from '../../support/skip-index.ts';
import { newDatabase } from '../../support/test-server.ts';

const texts = [
  'Cafe\u0301 noir',
  'Caf\u00E9 noir',
  '\u1112\u1161\u11AB\u1100\u1173\u11AF',
  '\uD55C\uAE00',
  'plain cafe noir',
  's\u0307\u0323x',
  '\u1E69x',
];
const searches: readonly [text: string, found: readonly number[]][] = [
  ['+caf\u00E9', [0, 1]],
  ['+"CAFE\u0301 NOIR"', [0, 1]],
  ['+cafe', [4]],
  ['+\uD55C\uAE00', [2, 3]],
  ['+\u1112\u1161\u11AB\uAE00', [2, 3]],
  ['+\u1E69X', [5, 6]],
  ['+noir', [0, 1, 4]],
];

test('text is found however it is composed, in blocks that this version or an earlier one indexed, or none', async () => {
  await using testDatabase = await newDatabase();
  const settings = readSettings(testDatabase.environment);
  await using store = await openStore(settings);
  const { database } = store;
  const drafts = texts.map((text, n) => draftOf({ id: `e${n}`, event: 'a', resource: { id: 'r' }, payload: { text } }));
  await appendEvents(database, drafts, 'REJECT_ALL');
  const head = await readHead(database);
  const { events } = await readLog(database, { after: origin, head, limit: 100 });
  const found = async (text: string, { database } = store): Promise<readonly string[]> => {
    const filter = parseFilter({ text }, ['filter'], settings);
    const [page] = await readPages(
      database,
      { filter, order: 'LOG', head, limit: 100, backward: false },
      { ...everyEvent, budget: unbounded },
    );
    const ids = page!.events.map(({ id }) => id);
    expect(await countEvents(database, { filter, order: 'LOG', head, max: 100 }, everyEvent)).toEqual([ids.length]);
    return ids;
  };
  const expectAllFound = async (): Promise<void> => {
    for (const [text, expected] of searches) expect(await found(text), text).toEqual(expected.map((n) => `e${n}`));
  };
  await expectAllFound();

  // Summaries as an earlier version made them.
  const unnormalized = vi.spyOn(String.prototype, 'normalize').mockImplementation(function (this: string) {
    return this.valueOf();
  });
  await indexEvents(database, events, { block: 1, rowGroup: 4 });
  unnormalized.mockRestore();
  // If they are taken for those of this version; by another program, since this one would remember what it finds.
  const other = { ...store, database: { ...database, identity: {} } };
  expect(await found('+caf\u00E9', other)).toEqual(['e1']);
  for (const table of ['digests', 'digest_chapters'])
    await database.rows(sql`update ${sql.raw(`tidings.${table}`)} set text_normalized = false`);
  await expectAllFound();

  for (const table of ['digests', 'digest_chapters', 'chapter_columns'])
    await database.rows(sql`delete from ${sql.raw(`tidings.${table}`)}`);
  await indexEvents(database, events, { block: 1, rowGroup: 4 });
  await expectAllFound();
});
