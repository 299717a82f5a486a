import { expect, test } from 'vitest';
import { sleep } from '../../../src/concurrency/sleep.ts';

test('very many wait for one signal, without a warning, and end when it aborts', async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): number => warnings.push(name);
  process.on('warning', onWarning);
  try {
    const stop = new AbortController();
    const waiting = Array.from({ length: 1000 }, () => sleep(60_000, stop.signal));
    await sleep(1, stop.signal);
    stop.abort();
    await Promise.all(waiting);
    await sleep(60_000, stop.signal);
    await sleep(1); // warnings are emitted later
  } finally {
    process.off('warning', onWarning);
  }
  expect(warnings).toEqual([]);
});
