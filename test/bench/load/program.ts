import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../../src/package-info.ts';
import type { Contender } from './servers.ts';

/** What every bench of live delivery can be told on its command line. */
export interface BenchOptions {
  readonly database: 'postgres' | 'embedded';
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  /** Only cases whose name has this. */
  readonly only: string;
  /** Where CPU profiles of Tidings go; null: none are made. */
  readonly profiles: string | null;
  /** Where heap snapshots of servers go; null: none are made. */
  readonly snapshots: string | null;
  /** Whether to say which calls allocated what is held. */
  readonly printsSites: boolean;
  /** Subscriptions at most, where their number grows. */
  readonly maxSubscriptions: number;
}

/** Reads `--embedded --contenders Tidings,… --rounds 3 --only text …`, and prints where this runs. */
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
      most: { type: 'string', default: '100000' },
    },
  });
  const commit = execFileSync('git', ['log', '-1', '--format=%h "%s"'], { cwd: packageRoot }).toString().trim();
  console.log(`${new Date().toISOString().slice(0, 10)}, at ${commit}; ${cpus().length} cores, Node ${process.version}`);
  return {
    database: values.embedded ? 'embedded' : 'postgres',
    contenders: everyContender.filter((each) => values.contenders.split(',').includes(each)),
    rounds: Number(values.rounds),
    only: values.only,
    profiles: values.profiles ?? null,
    printsSites: values.sites,
    snapshots: values.snapshots ?? null,
    maxSubscriptions: Number(values.most),
  };
}

/** Prints one measurement, and how many processes the machine had for its cores meanwhile. */
export function printMeasured(what: string, measured: object): void {
  console.log(what, measured, `load ${loadavg()[0]?.toFixed(1)}`);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that a share of the values does not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const everyContender: readonly Contender[] = ['Tidings', 'Yoga recipe', 'ws', 'corked ws'];
