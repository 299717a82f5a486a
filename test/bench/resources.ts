import { unbounded } from '../../src/store/database/read-budget.ts';
import { anonymous } from '../../src/auth/caller.ts';
import { createLoaders } from '../../schema/loaders.ts';
import { readSettings } from '../../src/settings.ts';
import { createHeadReader } from '../../src/store/log/log-head.ts';
import { openStore } from '../../src/store/open-store.ts';
import { readResourceIds } from '../../src/store/queries/resource-ids.ts';

// Measures pages of resources as their newest events describe them, and of their ids alone, in the
// store alone. Prints milliseconds, medians of 9. Uses a database filled by queries.ts:
//   DATABASE_URL=postgres://… npx tsx test/bench/resources.ts
await using store = await openStore(readSettings(process.env));
const { database } = store;
const heads = createHeadReader(database);
const head = await heads.head();

const everyId = await readResourceIds(database, { idPrefix: '', after: null, head, limit: 10_000_000 });
const at = (share: number): string => everyId[Math.floor(share * everyId.length)]!;
console.log(`${everyId.length} resources, head ${head}`);

const cases: readonly (readonly [string, { idPrefix?: string; after?: string; limit?: number }])[] = [
  ['first page', {}],
  ['in the middle', { after: at(0.5) }],
  ['last page', { after: everyId.at(-51)! }],
  ['flows', { idPrefix: 'prefect.flow.' }],
  ['deployments', { idPrefix: 'prefect.deployment.' }],
  ['prefix of most', { idPrefix: 'prefect.flow-run.' }],
  ['prefix rare', { idPrefix: 'rare.' }],
  ['prefix of one id', { idPrefix: at(0.7).slice(0, 30) }],
  ['prefix absent', { idPrefix: 'prefect.flow-run.zzz' }],
  ['first page of 1,000', { limit: 1000 }],
];
console.log('case'.padEnd(22), 'page'.padStart(9), 'ids'.padStart(9), '  found');
for (const [name, { idPrefix = '', after = null, limit = 50 }] of cases) {
  let found = 0;
  const page = await median(async () => {
    const reads = createLoaders({ database, heads: { ...heads, head: async () => head } }, { caller: anonymous, budget: unbounded });
    found = (await reads.resources({ idPrefix, after, limit: limit + 1 })).length;
  });
  const idsAlone = await median(async () => void (await readResourceIds(database, { idPrefix, after, head, limit: limit + 1 })));
  console.log(name.padEnd(22), page.padStart(9), idsAlone.padStart(9), `  ${found}`);
}

async function median(run: () => Promise<void>): Promise<string> {
  const times: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const began = performance.now();
    await run();
    times.push(performance.now() - began);
  }
  return times.toSorted((a, b) => a - b)[4]!.toFixed(1);
}
