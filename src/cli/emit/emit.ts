import { TidingsError } from '../../errors.ts';
import { batchesOf, type Batch } from './batches.ts';
import type { Command } from '../terminal/command.ts';
import { defaultUrl, readEndpoint } from '../client/endpoint.ts';
import { readCount, readFlags, wrongWords } from '../terminal/args.ts';
import { openLines } from './lines.ts';
import { startProgress } from './progress.ts';
import { sendBatch, type Sent, askLimits } from './send-batch.ts';
import { number } from '../terminal/format-text.ts';
import { startTally, type Tally } from './stats.ts';

const synopsis = `emit FILE [--url ${defaultUrl}] [--batch 500]`;
const options = { url: { type: 'string', default: defaultUrl }, batch: { type: 'string', default: '500' } } as const;

export const emit: Command = {
  synopsis,
  purpose: 'sends a file of event documents, one a line, plain or gzip; - is standard input',
  async run(words) {
    const { values, positionals } = readFlags(words, { synopsis, options });
    const [path, ...others] = positionals;
    if (path === undefined || others.length > 0) throw wrongWords(`Expected one file, got ${positionals.length}`, synopsis);
    const endpoint = readEndpoint(values.url);
    const wanted = readCount('batch', values.batch);

    using lines = await openLines(path);
    const tally = startTally();
    {
      using progress = startProgress(lines, tally);
      const onAway = (reason: string): void =>
        progress.note(`${endpoint.shown} is away (${reason}); trying again for up to ${patienceMs / 1000} s`);
      const patience = { ms: patienceMs, onAway };
      const { batchEvents, limits } = await askLimits(endpoint, patience);
      const batches = batchesOf(lines, { lines: Math.min(wanted, batchEvents), limits });
      await sendAll(batches, (batch) => sendBatch(endpoint, batch, patience), tally);
    }
    process.stdout.write(tally.summary());
    return tally.refused() === 0 ? 0 : 1;
  },
};

/**
 * Sends one batch at a time, so that the log has the order of the file; the next one is read meanwhile. After a failure
 * it says how far it came.
 */
async function sendAll(batches: AsyncGenerator<Batch, undefined>, send: (batch: Batch) => Promise<Sent>, tally: Tally): Promise<void> {
  try {
    let reading = batches.next();
    for (let batch = await reading; batch.done !== true; batch = await reading) {
      reading = batches.next();
      reading.catch(() => undefined); // it is met when this batch has been sent
      tally.add(await send(batch.value));
    }
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    const done = `${number(tally.lines())} lines were done before; emitting the file again is safe.`;
    const advice = error.code === 'LIMIT_EXCEEDED' ? ' Try a smaller --batch.' : '';
    throw new TidingsError(error.code, `${error.message.replace(/\.?$/, '.')}${advice} ${done}`, { cause: error });
  }
}

/** Long enough for a server to restart, or for Postgres to fail over. */
const patienceMs = 60_000;
