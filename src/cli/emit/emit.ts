import { defaultUrl, readEndpoint, urlMeaning } from '../client/endpoint.ts';
import { readCount, readArgs, invalidArgs } from '../terminal/args.ts';
import type { Command } from '../terminal/command.ts';
import { emitLines } from './emit-lines.ts';
import { openLines } from './lines.ts';
import { startProgress } from './progress.ts';
import { startEmitStats } from './stats.ts';

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
    const batchEvents = readCount('batch', values.batch);

    using lines = await openLines(path);
    const stats = startEmitStats();
    {
      using progress = startProgress(lines, stats);
      await emitLines(lines, { endpoint, batchEvents, isStrict: values.strict, stats, note: (sentence) => progress.note(sentence) });
    }
    process.stdout.write(stats.summary());
    return stats.rejected() === 0 ? 0 : 1;
  },
};
