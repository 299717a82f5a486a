import { TidingsError } from '../errors.ts';
import type { Command } from './terminal/command.ts';
import { defaultUrl, readEndpoint } from './client/endpoint.ts';
import { documentFormat, readableFormat, type EventFormat } from './event-format.ts';
import { readArgs, invalidArgs } from './terminal/args.ts';
import { subscribeToEvents } from './client/graphql-subscription.ts';
import { createConnectionStatus } from './client/connection-status.ts';
import { createOutput } from './terminal/output.ts';

const synopsis = `tail [--event PREFIX] [--resource ID] [--json] [--after CURSOR] [--url ${defaultUrl}]`;
const options = {
  event: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
  after: { type: 'string' },
  url: { type: 'string', default: defaultUrl },
} as const;

export const tail: Command = {
  synopsis,
  purpose: 'prints events as they come',
  async run(args) {
    const { values, positionals } = readArgs(args, { synopsis, options });
    if (positionals.length > 0) throw invalidArgs(`Expected flags only, got ${JSON.stringify(positionals[0])}`, synopsis);
    const { after, event, resource } = values;
    const endpoint = readEndpoint(values.url);
    const status = createConnectionStatus(endpoint, (sentence) => void process.stderr.write(`${sentence}\n`));
    const filter = { ...(event && { event: { startsWith: event } }), ...(resource && { resource: { id: { in: resource } } }) };

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
