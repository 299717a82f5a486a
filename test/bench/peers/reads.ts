import { isDeepStrictEqual } from 'node:util';
import { readSettings } from '../../../src/settings.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { startPostgres } from '../../support/database/postgres-server.ts';
import { fill } from '../load/filling.ts';
import { printMachine } from '../load/program.ts';
import { startContenders, tooSlowMs, type ContenderName, type Contenders } from './contenders.ts';
import { createPlainTable, plainEvents } from './plain-table.ts';
import type { ReadCase } from './read-case.ts';
import { readCases } from './read-cases.ts';
import { printSizes } from './sizes.ts';

// Measures first pages of 50 events, counts and neighbours over HTTP, beside PostGraphile over HTTP
// and SQL over the plain table, in turns, with the same events in the same database:
//   npm run bench peers/reads
//   npm run build && npx tsx test/bench/peers/reads.ts [events, 1000000]
//     [only cases whose name contains this] [partitions, 1]
// Uses a temporary Postgres; with DATABASE_URL, that database, which it fills once and keeps. Checks
// that all contenders return the same. Prints milliseconds: "cold", the first request of a new
// server process and, for a temporary Postgres, after its restart; "warm", the minimum of 21 in turn,
// after 300 requests or 2 s of each contender: servers run for days, and their first requests
// measure the compiler. A rival's statement ends after 20 s.
const count = Number(process.argv[2] ?? 1_000_000);
const only = process.argv[3] ?? '';
const partitions = Number(process.argv[4] ?? 1);

printMachine();
const given = process.env['DATABASE_URL'];
await using server = given === undefined ? await startPostgres() : null;
const url = given ?? server!.url('postgres');
await fillBoth();
await printSizes(url);

const cases = readCases(count).filter(({ name }) => name.includes(only));
const cold = new Map<string, number>();
for (const name of ['Tidings', 'PostGraphile', 'SQL'] as const) {
  if (server !== null) {
    await server.stop('fast');
    await server.restart();
  }
  await using contenders = await startContenders(url, [name]);
  for (const each of cases) cold.set(`${each.name}|${name}`, (await asked(contenders, name, each)).ms);
}

const heading = ['cold T', 'P', 'SQL', 'warm T', 'P', 'SQL', 'T/P', 'T/SQL'];
console.log(`\nT: Tidings, P: PostGraphile. -: it has no such query. over: longer than ${tooSlowMs / 1000} s.`);
console.log('case'.padEnd(32), ...heading.map((each) => each.padStart(8)), ' found');
await using contenders = await startContenders(url, ['Tidings', 'PostGraphile', 'SQL']);
for (const each of cases) await compare(each);
printMachine();

async function compare(each: ReadCase): Promise<void> {
  const warm: Record<ContenderName, number> = { Tidings: Number.NaN, PostGraphile: Number.NaN, SQL: Number.NaN };
  const said = new Map<ContenderName, unknown>();
  for (const name of contenders.names) await warmUp(contenders, name, each);
  for (let round = 0; round < 21; round += 1) {
    for (const name of contenders.names) {
      if (round > 2 && warm[name] > 1000) continue;
      if (round > 0 && !Number.isFinite(warm[name])) continue;
      const { ms, answer } = await asked(contenders, name, each);
      warm[name] = round === 0 ? ms : Math.min(ms, warm[name]);
      if (answer !== null) said.set(name, each.said(answer));
    }
  }
  const different = [...said].filter(([, value]) => !isDeepStrictEqual(value, [...said.values()][0])).map(([name]) => name);
  const found = [...said.values()][0];
  const first = (name: ContenderName): number => cold.get(`${each.name}|${name}`) ?? Number.NaN;
  const cells = [
    ...[first('Tidings'), first('PostGraphile'), first('SQL'), warm.Tidings, warm.PostGraphile, warm.SQL].map(milliseconds),
    ratio(warm.Tidings / warm.PostGraphile),
    ratio(warm.Tidings / warm.SQL),
  ];
  const note = different.length === 0 ? '' : `, but ${different.join(' and ')} found something else`;
  console.log(
    each.name.padEnd(32),
    ...cells.map((cell) => cell.padStart(8)),
    ` ${Array.isArray(found) ? found.length : String(found)}${note}`,
  );
}

async function warmUp(of: Contenders, name: ContenderName, each: ReadCase): Promise<void> {
  const began = performance.now();
  for (let requests = 0; requests < 300 && performance.now() - began < 2000; requests += 1) {
    if (!Number.isFinite((await asked(of, name, each)).ms)) return;
  }
}

/** NaN: it has no such query; infinite: it took too long. */
async function asked(of: Contenders, name: ContenderName, each: ReadCase): Promise<{ ms: number; answer: unknown }> {
  const began = performance.now();
  const answer = await of.ask(name, each);
  const ms = performance.now() - began;
  if (answer === 'no such query') return { ms: Number.NaN, answer: null };
  if (answer === 'too slow') return { ms: Number.POSITIVE_INFINITY, answer: null };
  return { ms, answer };
}

/** Fills the tables of Tidings and the plain table where they are empty. */
async function fillBoth(): Promise<void> {
  const settings = readSettings({ DATABASE_URL: url });
  {
    await using store = await openStore(settings);
    if ((await readHead(store.database)) === 0) await fill(store.database, { count, partitions, settings });
  }
  const existing = await plainEvents(url);
  if (existing === count) return;
  if (existing > 0) throw new Error(`expected ${count} events in peer.events, got ${existing}: drop schema peer or use another database`);
  const began = performance.now();
  await createPlainTable(url, { events: count, trigrams: true });
  console.log(`The plain table was filled and indexed in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

function milliseconds(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'over';
  return Number.isNaN(ms) ? '-' : ms.toFixed(ms < 100 ? 1 : 0);
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '-';
}
