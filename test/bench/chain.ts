import { unbounded } from '../../src/store/database/read-budget.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sql } from 'drizzle-orm';
import { readSettings } from '../../src/settings.ts';
import { fromDocument } from '../../src/event/document.ts';
import type { EventDraft } from '../../src/event/event.ts';
import { everything } from '../../src/filter/filter.ts';
import { validateEvent } from '../../src/event/validate.ts';
import { appendEvents } from '../../src/store/log/append.ts';
import { readChains } from '../../src/store/log/read-chain.ts';
import { readEventsById } from '../../src/store/log/events-by-id.ts';
import { readHead } from '../../src/store/log/log-head.ts';
import { openStore } from '../../src/store/open-store.ts';

// Measures reading the longest chain of the sample from its ends and its middle, in the store
// alone. Prints milliseconds, medians of 9. Uses a database filled by queries.ts, and stores the
// sample there:
//   DATABASE_URL=postgres://… npx tsx test/bench/chain.ts
const settings = readSettings(process.env);
await using store = await openStore(settings);
const { database } = store;

const sample = gunzipSync(readFileSync(join(import.meta.dirname, '../fixtures/github-2015-01-01.ndjson.gz')))
  .toString()
  .trimEnd()
  .split('\n');
const drafts = sample.map((line): EventDraft => {
  const validation = validateEvent(fromDocument(JSON.parse(line)), [], settings);
  if ('problems' in validation) throw new Error(JSON.stringify(validation.problems));
  return validation.draft;
});
for (let at = 0; at < drafts.length; at += 1000) await appendEvents(database, drafts.slice(at, at + 1000), 'REJECT_ALL');
await database.rows(sql`vacuum analyze`);

const chain = longestChain();
const head = await readHead(database);
console.log(`${chain.length} events, head ${head}`);
for (const [name, ids] of [
  ['from its root', [chain[0]!]],
  ['from its middle', [chain[chain.length >> 1]!]],
  ['from its end', [chain.at(-1)!]],
  ['of 50 of its events at once', chain.slice(0, 50)],
] as const) {
  const found = await readEventsById(database, ids, { head, filter: everything, budget: unbounded });
  const events = ids.map((id) => found.get(id)!);
  const times: number[] = [];
  let count = 0;
  for (let round = 0; round < 9; round += 1) {
    const began = performance.now();
    const chains = await readChains(database, events, { head, visibilityFilter: everything, maxEvents: 1000, budget: unbounded });
    times.push(performance.now() - began);
    count = chains.reduce((sum, { ancestors, descendants }) => sum + 1 + ancestors.length + descendants.length, 0);
  }
  console.log(
    name.padEnd(30),
    times
      .toSorted((a, b) => a - b)[4]!
      .toFixed(1)
      .padStart(8),
    `  ${count} events`,
  );
}

/** The ids of the longest chain without branches, root first. */
function longestChain(): readonly string[] {
  const predecessors = new Map(drafts.map(({ id, follows }) => [id, follows]));
  let longest: readonly string[] = [];
  for (const { id } of drafts) {
    const line = [id];
    for (let at = predecessors.get(id); typeof at === 'string' && predecessors.has(at) && !line.includes(at); at = predecessors.get(at))
      line.unshift(at);
    if (line.length > longest.length) longest = line;
  }
  return longest;
}
