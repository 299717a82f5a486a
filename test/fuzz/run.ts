import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

// Runs the fuzzer on a new database. It needs the build (npm run build):
//   npx tsx test/fuzz/run.ts --seconds 600 --seed 1
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '300' }, seed: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'tidings-fuzz-'));
try {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  await fuzz({ seed, seconds: Number(values.seconds), environment: { DATA_DIR: folder }, log: console.log });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
