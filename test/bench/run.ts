import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-info.ts';
import { startPostgres } from '../support/database/postgres-server.ts';

// Runs the benchmarks briefly, one after the other, and prints their tables:
//   npm run bench [ingest | matching | fan-out | latency | queries | counts | peers/reads | …]
// Each file explains how to run it alone and for longer. RESULTS.md has the results that matter.
interface Bench {
  readonly name: string;
  readonly args: readonly string[];
  /** Uses the database that the first of these fills. */
  readonly onFilled?: true;
}

/** Maximum time of a benchmark. Defined first, because the module awaits them at its top level. */
const maxBenchMs = 10 * 60_000;
const benches: readonly Bench[] = [
  { name: 'ingest', args: ['3'] },
  { name: 'sustained', args: ['4'] },
  { name: 'subscribed-ingest', args: ['--rounds', '1', '--max-subscriptions', '10000'] },
  { name: 'latency', args: ['--rounds', '1'] },
  { name: 'fan-out', args: ['--rounds', '1', '--max-subscriptions', '1000'] },
  { name: 'matching', args: [] },
  { name: 'memory', args: ['--max-subscriptions', '1000'] },
  { name: 'storage', args: ['50000'] },
  { name: 'adapters', args: ['1'] },
  { name: 'adapter-latency', args: [] },
  { name: 'keys', args: ['1'] },
  { name: 'herd/connect', args: ['--clients', '1000'] },
  { name: 'processes', args: ['--rounds', '1'] },
  { name: 'queries', args: ['100000'], onFilled: true },
  { name: 'counts', args: [], onFilled: true },
  { name: 'resources', args: [], onFilled: true },
  { name: 'chain', args: [], onFilled: true },
  { name: 'peers/reads', args: ['100000'] },
  { name: 'peers/live', args: ['--rounds', '1', '--seconds', '2', '--events', '10000'] },
  { name: 'feed', args: ['--seconds', '10', '--rows', '20000'] },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  throw new Error(`expected names of ${benches.map(({ name }) => name).join(', ')}, got ${unknown.join(', ')}`);
}
const chosen = benches.filter(
  ({ name, onFilled }) => wanted.length === 0 || wanted.includes(name) || (onFilled && name === 'queries' && wantsFilled()),
);
await using filled = chosen.some(({ onFilled }) => onFilled) ? await startPostgres() : null;
for (const bench of chosen) {
  console.log(`\n== ${bench.name}`);
  await run(bench);
}

function wantsFilled(): boolean {
  return benches.some(({ name, onFilled }) => onFilled === true && wanted.includes(name));
}

async function run({ name, args, onFilled }: Bench): Promise<void> {
  const environment = onFilled && filled !== null ? { DATABASE_URL: filled.url('postgres') } : {};
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, `${name}.ts`), ...args], {
    cwd: packageRoot,
    env: { ...process.env, ...environment },
    stdio: 'inherit',
  });
  const tooLong = setTimeout(() => child.kill('SIGTERM'), maxBenchMs);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(tooLong);
  if (signal !== null) console.log(`${name} was stopped after ${maxBenchMs / 60_000} minutes`);
  else if (code !== 0) process.exitCode = 1;
}
