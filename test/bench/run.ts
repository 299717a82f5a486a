import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-info.ts';
import { startPostgres } from '../support/database/postgres-server.ts';

// Runs the benches briefly, one after the other, each for a bounded time, and prints their tables:
//   npm run bench [ingest | matching | fan-out | latency | subscribed-ingest | queries | counts | …]
// Each can be run alone and for longer: its file says how. What is worth keeping goes to RESULTS.md.
interface Bench {
  readonly name: string;
  readonly words: readonly string[];
  /** Works on the database that the first of these fills. */
  readonly onFilled?: true;
}

/** Of each. Before what uses it: a module waits at its top while they run. */
const mostMs = 10 * 60_000;
const benches: readonly Bench[] = [
  { name: 'ingest', words: ['3'] },
  { name: 'sustained', words: ['4'] },
  { name: 'subscribed-ingest', words: ['--rounds', '1', '--most', '10000'] },
  { name: 'latency', words: ['--rounds', '1'] },
  { name: 'fan-out', words: ['--rounds', '1', '--most', '1000'] },
  { name: 'matching', words: [] },
  { name: 'memory', words: ['--most', '1000'] },
  { name: 'storage', words: ['50000'] },
  { name: 'doors', words: ['1'] },
  { name: 'door-latency', words: [] },
  { name: 'keys', words: ['1'] },
  { name: 'queries', words: ['100000'], onFilled: true },
  { name: 'counts', words: [], onFilled: true },
  { name: 'resources', words: [], onFilled: true },
  { name: 'chain', words: [], onFilled: true },
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

async function run({ name, words, onFilled }: Bench): Promise<void> {
  const environment = onFilled && filled !== null ? { DATABASE_URL: filled.url('postgres') } : {};
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, `${name}.ts`), ...words], {
    cwd: packageRoot,
    env: { ...process.env, ...environment },
    stdio: 'inherit',
  });
  const tooLong = setTimeout(() => child.kill('SIGTERM'), mostMs);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(tooLong);
  if (signal !== null) console.log(`${name} took longer than ${mostMs / 60_000} minutes and was ended`);
  else if (code !== 0) process.exitCode = 1;
}
