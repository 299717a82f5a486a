import { TidingsError } from '../../errors.ts';
import { defaultUrl, readEndpoint, urlMeaning } from '../client/endpoint.ts';
import { readCount, readArgs, invalidArgs } from '../terminal/args.ts';
import type { Command } from '../terminal/command.ts';
import { formatNumber } from '../terminal/format-text.ts';
import { batchesOf, type Batch } from './batches.ts';
import { openLines } from './lines.ts';
import { startProgress } from './progress.ts';
import { sendBatch, type BatchResult, requestLimits } from './send-batch.ts';
import { startEmitStats, type EmitStats } from './stats.ts';

const synopsis = `emit FILE [--url ${defaultUrl}] [--batch 500] [--strict]`;
const options = {
  url: { type: 'string', default: defaultUrl, value: 'URL', meaning: urlMeaning },
  batch: { type: 'string', default: '500', value: 'COUNT', meaning: 'Maximum number of events in a request.' },
  strict: { type: 'boolean', default: false, meaning: 'Rejects events with unknown members, which are otherwise ignored and reported.' },
} as const;

export const emit: Command = {
  synopsis,
  purpose: 'Emits a file of event documents, one a line, plain or gzip. The file - is standard input.',
  options,
  async run(args) {
    const { values, positionals } = readArgs(args, { synopsis, options });
    const [path, ...others] = positionals;
    if (path === undefined || others.length > 0) throw invalidArgs(`Expected one file, got ${positionals.length}`, synopsis);
    const endpoint = readEndpoint(values.url);
    const batchLines = readCount('batch', values.batch);

    using lines = await openLines(path);
    const stats = startEmitStats();
    {
      using progress = startProgress(lines, stats);
      const onUnavailable = (reason: string): void =>
        progress.note(`cannot reach ${endpoint.displayUrl} (${reason}); retrying for up to ${retryTimeoutMs / 1000} s`);
      const retryOptions = { timeoutMs: retryTimeoutMs, onUnavailable };
      const { batchEvents, limits } = await requestLimits(endpoint, retryOptions);
      const batches = batchesOf(lines, { lines: Math.min(batchLines, batchEvents), limits, isStrict: values.strict });
      await sendAll(batches, (batch) => sendBatch(endpoint, batch, retryOptions), stats);
    }
    process.stdout.write(stats.summary());
    return stats.rejected() === 0 ? 0 : 1;
  },
};

/**
 * Sends one batch at a time, so that the log has the order of the file, and reads the next one
 * meanwhile. An error contains the number of lines that were processed.
 */
async function sendAll(
  batches: AsyncGenerator<Batch, undefined>,
  send: (batch: Batch) => Promise<BatchResult>,
  stats: EmitStats,
): Promise<void> {
  try {
    let reading = batches.next();
    for (let batch = await reading; batch.done !== true; batch = await reading) {
      reading = batches.next();
      reading.catch(() => undefined); // thrown after this batch was sent
      stats.add(await send(batch.value));
    }
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    const processed = `${formatNumber(stats.lines())} lines were processed before; emitting the file again is safe.`;
    const advice = error.code === 'LIMIT_EXCEEDED' ? ' Try a smaller --batch.' : '';
    throw new TidingsError(error.code, `${error.message.replace(/\.?$/, '.')}${advice} ${processed}`, { cause: error });
  }
}

/** Long enough for a restart of the server, or a failover of Postgres. */
const retryTimeoutMs = 60_000;
