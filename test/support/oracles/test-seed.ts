import { beforeEach } from 'vitest';

/**
 * The seed of a file's random tests, called at its top: `TIDINGS_TEST_SEED`, else a random one. A
 * test of the file that fails prints it, so that the run can be repeated.
 */
export function testSeed(): number {
  const seed = Number(process.env['TIDINGS_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  if (!Number.isSafeInteger(seed)) throw new Error(`TIDINGS_TEST_SEED is ${process.env['TIDINGS_TEST_SEED']}. Set an integer.`);
  beforeEach(({ onTestFailed }) => onTestFailed(() => console.log(`TIDINGS_TEST_SEED=${seed} repeats this run.`)));
  return seed;
}
