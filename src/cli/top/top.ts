import { TidingsError } from '../../errors.ts';
import { startBoard } from './live-table.ts';
import type { Command } from '../terminal/command.ts';
import { readCountedBy, type CountedEvent } from './count-by.ts';
import { defaultUrl, readEndpoint } from '../client/endpoint.ts';
import { readDuration, readFlags, wrongWords } from '../terminal/args.ts';
import { follow } from '../client/graphql-subscription.ts';
import { createNotices } from '../client/connection-status.ts';
import { createOutput } from '../terminal/output.ts';
import { startTopCounts } from './counters.ts';

const synopsis = `top [--by event|resource|label=KEY] [--every 2s] [--event PREFIX] [--resource ID] [--url ${defaultUrl}]`;
const options = {
  by: { type: 'string', default: 'event' },
  every: { type: 'string', default: '2s' },
  event: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  url: { type: 'string', default: defaultUrl },
} as const;

export const top: Command = {
  synopsis,
  purpose: 'counts events as they come, and shows how fast they do',
  async run(words) {
    const { values, positionals } = readFlags(words, { synopsis, options });
    if (positionals.length > 0) throw wrongWords(`Expected flags only, got ${JSON.stringify(positionals[0])}`, synopsis);
    const { event, resource } = values;
    const by = readCountedBy(values.by);
    const everyMs = readDuration('every', values.every);
    const endpoint = readEndpoint(values.url);
    const filter = { ...(event && { event: { startsWith: event } }), ...(resource && { resource: { id: { in: resource } } }) };

    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.once('SIGTERM', () => stop.abort());
    createOutput(process.stdout, (error) => stop.abort(error ?? undefined));
    const counts = startTopCounts();
    using board = startBoard({ counts, heading: by.heading, everyMs, say }, process.stdout);
    const notices = createNotices(endpoint, (sentence) => board.note(sentence));
    const take = (each: CountedEvent): null => {
      counts.add(by.keyOf(each));
      return null;
    };
    try {
      return await follow<CountedEvent>({ endpoint, notices, filter, after: undefined, selection: by.selection, take }, stop.signal);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      if (stop.signal.reason instanceof TidingsError) throw stop.signal.reason;
      return 0;
    }
  },
};

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
