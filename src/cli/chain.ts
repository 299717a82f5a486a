import { drawChain, type ChainEvent, type DrawnChain } from './chain-tree.ts';
import { defaultUrl, readEndpoint, urlMeaning } from './client/endpoint.ts';
import { bodyOf } from './client/request.ts';
import { retryingRequest } from './client/retrying-request.ts';
import { readCount, readArgs, invalidArgs } from './terminal/args.ts';
import type { Command } from './terminal/command.ts';
import { createOutput } from './terminal/output.ts';

const synopsis = `chain ID [--max 1000] [--url ${defaultUrl}]`;
const options = {
  max: { type: 'string', default: '1000', value: 'COUNT', meaning: 'Maximum number of events.' },
  url: { type: 'string', default: defaultUrl, value: 'URL', meaning: urlMeaning },
} as const;

export const chain: Command = {
  synopsis,
  purpose: 'Draws the ancestors and descendants of an event.',
  options,
  async run(args) {
    const { values, positionals } = readArgs(args, { synopsis, options });
    const [id, ...others] = positionals;
    if (id === undefined || others.length > 0) throw invalidArgs(`Expected one event id, got ${positionals.length}`, synopsis);
    const endpoint = readEndpoint(values.url);
    const variables = JSON.stringify({ id, max: readCount('max', values.max) });
    const onUnavailable = (reason: string): void =>
      void process.stderr.write(`cannot reach ${endpoint.displayUrl} (${reason}); retrying\n`);
    const { event } = await retryingRequest<ChainResponse>(endpoint, bodyOf(query, variables), {
      timeoutMs: retryTimeoutMs,
      onUnavailable,
    });
    if (event === null) {
      const reasons = 'it was never stored, was removed by retention, or is hidden from this key';
      process.stderr.write(`There is no event ${JSON.stringify(id)}: ${reasons}.\n`);
      return 1;
    }
    const { isTTY, columns } = process.stdout;
    const output = createOutput(process.stdout, () => undefined); // its reader can close it early
    const format = { coloured: isTTY && process.stdout.hasColors(), columns: isTTY ? columns || Infinity : Infinity };
    await output.write(drawChain(event, event.chain, format).join('\n'));
    return 0;
  },
};

interface ChainResponse {
  readonly event: (ChainEvent & { readonly chain: DrawnChain }) | null;
}

const query = `query Chain($id: ID!, $max: Int) {
  event(id: $id) {
    ...link
    chain(maxEvents: $max) { ancestors { ...link } descendants { ...link } missingId cyclic truncated }
  }
}
fragment link on Event { id occurred event followsId resource { id: resourceId name } }`;

const retryTimeoutMs = 5000;
