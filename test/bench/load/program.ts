import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../../src/package-info.ts';
import type { Contender } from './servers.ts';

/** The command line of the benchmarks of delivery. */
export interface BenchOptions {
  readonly database: 'postgres' | 'embedded';
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  /** Only cases whose name contains this. */
  readonly only: string;
  /** Folder for CPU profiles of Tidings; null: none. */
  readonly profiles: string | null;
  /** Folder for heap snapshots of servers; null: none. */
  readonly snapshots: string | null;
  /** Whether to print the calls that allocated the retained memory. */
  readonly printsSites: boolean;
  /** Maximum number of subscriptions. */
  readonly maxSubscriptions: number;
}

/**
 * Reads `--embedded --contenders Tidings,… --rounds 3 --only text …`, and prints the commit and the
 * machine.
 */
export function benchOptions(rounds: number): BenchOptions {
  const { values } = parseArgs({
    options: {
      embedded: { type: 'boolean', default: false },
      contenders: { type: 'string', default: everyContender.join(',') },
      rounds: { type: 'string', default: String(rounds) },
      only: { type: 'string', default: '' },
      profiles: { type: 'string' },
      snapshots: { type: 'string' },
      sites: { type: 'boolean', default: false },
      'max-subscriptions': { type: 'string', default: '100000' },
    },
  });
  printMachine();
  return {
    database: values.embedded ? 'embedded' : 'postgres',
    contenders: everyContender.filter((each) => values.contenders.split(',').includes(each)),
    rounds: Number(values.rounds),
    only: values.only,
    profiles: values.profiles ?? null,
    printsSites: values.sites,
    snapshots: values.snapshots ?? null,
    maxSubscriptions: Number(values['max-subscriptions']),
  };
}

/** Prints the date, the commit, and the machine with its load. */
export function printMachine(): void {
  const commit = execFileSync('git', ['log', '-1', '--format=%h "%s"'], { cwd: packageRoot }).toString().trim();
  const [load] = loadavg();
  console.log(
    `${new Date().toISOString().slice(0, 10)}, at ${commit}; ${cpus().length} cores, load ${load?.toFixed(1)}, Node ${process.version}`,
  );
}

/** Prints one measurement and the load of the machine. */
export function printMeasured(name: string, measured: object): void {
  console.log(name, measured, `load ${loadavg()[0]?.toFixed(1)}`);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that a share of the values does not exceed; NaN for an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const everyContender: readonly Contender[] = ['Tidings', 'Yoga recipe', 'ws', 'corked ws'];
