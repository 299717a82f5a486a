import { TidingsError } from '../errors.ts';
import type { Command } from './terminal/command.ts';
import { defaultUrl, readEndpoint } from './client/endpoint.ts';
import { documentForm, readableForm, type EventForm } from './event-format.ts';
import { readFlags, wrongWords } from './terminal/args.ts';
import { follow } from './client/graphql-subscription.ts';
import { createNotices } from './client/connection-status.ts';
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
  async run(words) {
    const { values, positionals } = readFlags(words, { synopsis, options });
    if (positionals.length > 0) throw wrongWords(`Expected flags only, got ${JSON.stringify(positionals[0])}`, synopsis);
    const { after, event, resource } = values;
    const endpoint = readEndpoint(values.url);
    const notices = createNotices(endpoint, (sentence) => void process.stderr.write(`${sentence}\n`));
    const filter = { ...(event && { event: { startsWith: event } }), ...(resource && { resource: { id: { in: resource } } }) };

    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    process.once('SIGTERM', () => stop.abort());
    const output = createOutput(process.stdout, (error) => stop.abort(error ?? undefined));
    const print = <T>(form: EventForm<T>): Promise<never> =>
      follow<T>(
        { endpoint, notices, filter, after, selection: form.selection, take: (event) => output.write(form.line(event)) },
        stop.signal,
      );
    const coloured = process.stdout.isTTY && process.stdout.hasColors(); // false under NO_COLOR
    try {
      return await (values.json ? print(documentForm) : print(readableForm(coloured)));
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      if (stop.signal.reason instanceof TidingsError) throw stop.signal.reason;
      return 0;
    }
  },
};
