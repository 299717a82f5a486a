import { TidingsError } from '../../errors.ts';
import { createConnectionStatus } from '../client/connection-status.ts';
import { defaultUrl, readEndpoint, urlMeaning } from '../client/endpoint.ts';
import { eventFilterOf } from '../client/event-filter.ts';
import { subscribeToEvents } from '../client/graphql-subscription.ts';
import { readDuration, readOptions } from '../terminal/args.ts';
import type { Command } from '../terminal/command.ts';
import { createOutput } from '../terminal/output.ts';
import { readCountBy, type CountedEvent } from './count-by.ts';
import { startTopCounts } from './counters.ts';
import { startLiveTable } from './live-table.ts';

const synopsis = `top [--by event|resource|label=KEY] [--every 2s] [--event PREFIX] [--resource ID] [--url ${defaultUrl}]`;
const options = {
  by: { type: 'string', default: 'event', value: 'DIMENSION', meaning: 'Counts by event (name), resource (id) or label=KEY.' },
  every: { type: 'string', default: '2s', value: 'DURATION', meaning: 'Update interval, from 100ms to 60m.' },
  event: { type: 'string', multiple: true, value: 'PREFIX', meaning: 'Only events whose name starts with PREFIX.' },
  resource: { type: 'string', multiple: true, value: 'ID', meaning: 'Only events whose primary resource has this id.' },
  url: { type: 'string', default: defaultUrl, value: 'URL', meaning: urlMeaning },
} as const;

export const top: Command = {
  synopsis,
  purpose: 'Counts events as they arrive, and shows their rate.',
  options,
  async run(args) {
    const values = readOptions(args, { synopsis, options });
    const { event, resource } = values;
    const by = readCountBy(values.by);
    const intervalMs = readDuration('every', values.every);
    const endpoint = readEndpoint(values.url);
    const filter = eventFilterOf({ event, resource });

    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.once('SIGTERM', () => stop.abort());
    createOutput(process.stdout, (error) => stop.abort(error ?? undefined));
    const counts = startTopCounts();
    using liveTable = startLiveTable({ counts, title: by.title, intervalMs, report }, process.stdout);
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
