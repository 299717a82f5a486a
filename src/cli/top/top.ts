import { TidingsError } from '../../errors.ts';
import { startLiveTable } from './live-table.ts';
import type { Command } from '../terminal/command.ts';
import { readCountBy, type CountedEvent } from './count-by.ts';
import { defaultUrl, readEndpoint } from '../client/endpoint.ts';
import { readDuration, readArgs, invalidArgs } from '../terminal/args.ts';
import { subscribeToEvents } from '../client/graphql-subscription.ts';
import { createConnectionStatus } from '../client/connection-status.ts';
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
  async run(args) {
    const { values, positionals } = readArgs(args, { synopsis, options });
    if (positionals.length > 0) throw invalidArgs(`Expected flags only, got ${JSON.stringify(positionals[0])}`, synopsis);
    const { event, resource } = values;
    const by = readCountBy(values.by);
    const intervalMs = readDuration('every', values.every);
    const endpoint = readEndpoint(values.url);
    const filter = { ...(event && { event: { startsWith: event } }), ...(resource && { resource: { id: { in: resource } } }) };

    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.once('SIGTERM', () => stop.abort());
    createOutput(process.stdout, (error) => stop.abort(error ?? undefined));
    const counts = startTopCounts();
    using liveTable = startLiveTable({ counts, heading: by.heading, intervalMs, report }, process.stdout);
    const status = createConnectionStatus(endpoint, (sentence) => liveTable.note(sentence));
    const onEvent = (each: CountedEvent): null => {
      counts.add(by.keyOf(each));
      return null;
    };
    try {
      return await subscribeToEvents<CountedEvent>(
        { endpoint, status, filter, after: undefined, selection: by.selection, onEvent },
        stop.signal,
      );
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      if (stop.signal.reason instanceof TidingsError) throw stop.signal.reason;
      return 0;
    }
  },
};

function report(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
