import { TidingsError } from '../errors.ts';
import { createConnectionStatus } from './client/connection-status.ts';
import { defaultUrl, readEndpoint, urlMeaning } from './client/endpoint.ts';
import { eventFilterOf } from './client/event-filter.ts';
import { subscribeToEvents } from './client/graphql-subscription.ts';
import { documentFormat, readableFormat, type EventFormat } from './event-format.ts';
import { readOptions } from './terminal/args.ts';
import type { Command } from './terminal/command.ts';
import { createOutput } from './terminal/output.ts';

const synopsis = `tail [--event PREFIX] [--resource ID] [--json] [--after CURSOR] [--url ${defaultUrl}]`;
const options = {
  event: { type: 'string', multiple: true, value: 'PREFIX', meaning: 'Only events whose name starts with PREFIX.' },
  resource: { type: 'string', multiple: true, value: 'ID', meaning: 'Only events whose primary resource has this id.' },
  json: { type: 'boolean', default: false, meaning: 'Prints event documents, one JSON object a line.' },
  after: { type: 'string', value: 'CURSOR', meaning: 'Starts after this event. Without it: at the head of the log.' },
  url: { type: 'string', default: defaultUrl, value: 'URL', meaning: urlMeaning },
} as const;

export const tail: Command = {
  synopsis,
  purpose: 'Prints events as they arrive.',
  options,
  async run(args) {
    const values = readOptions(args, { synopsis, options });
    const { after, event, resource } = values;
    const endpoint = readEndpoint(values.url);
    const status = createConnectionStatus(endpoint, (sentence) => void process.stderr.write(`${sentence}\n`));
    const filter = eventFilterOf({ event, resource });

    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.once('SIGTERM', () => stop.abort());
    const output = createOutput(process.stdout, (error) => stop.abort(error ?? undefined));
    const print = <T>(format: EventFormat<T>): Promise<never> =>
      subscribeToEvents<T>(
        { endpoint, status, filter, after, selection: format.selection, onEvent: (event) => output.write(format.line(event)) },
        stop.signal,
      );
    const coloured = process.stdout.isTTY && process.stdout.hasColors(); // false under NO_COLOR
    try {
      return await (values.json ? print(documentFormat) : print(readableFormat(coloured)));
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      if (stop.signal.reason instanceof TidingsError) throw stop.signal.reason;
      return 0;
    }
  },
};
