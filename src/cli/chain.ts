import { retryingRequest } from './client/retrying-request.ts';
import { drawChain, type ChainEvent, type DrawnChain } from './chain-tree.ts';
import type { Command } from './terminal/command.ts';
import { defaultUrl, readEndpoint } from './client/endpoint.ts';
import { readCount, readArgs, invalidArgs } from './terminal/args.ts';
import { createOutput } from './terminal/output.ts';
import { bodyOf } from './client/request.ts';

const synopsis = `chain ID [--max 1000] [--url ${defaultUrl}]`;
const options = { max: { type: 'string', default: '1000' }, url: { type: 'string', default: defaultUrl } } as const;

export const chain: Command = {
  synopsis,
  purpose: 'draws what led to an event, and what came of it',
  async run(args) {
    const { values, positionals } = readArgs(args, { synopsis, options });
    const [id, ...others] = positionals;
    if (id === undefined || others.length > 0) throw invalidArgs(`Expected one id of an event, got ${positionals.length}`, synopsis);
    const endpoint = readEndpoint(values.url);
    const variables = JSON.stringify({ id, max: readCount('max', values.max) });
    const onUnavailable = (reason: string): void =>
      void process.stderr.write(`cannot reach ${endpoint.displayUrl} (${reason}); trying again\n`);
    const { event } = await retryingRequest<ChainResponse>(endpoint, bodyOf(query, variables), {
      timeoutMs: retryTimeoutMs,
      onUnavailable,
    });
    if (event === null) {
      process.stderr.write(`There is no event ${JSON.stringify(id)}: it was never stored, or is not kept any more.\n`);
      return 1;
    }
    const { isTTY, columns } = process.stdout;
    const output = createOutput(process.stdout, () => undefined); // who has seen enough may leave
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
fragment link on Event { id occurred event followsId resource { id name } }`;

const retryTimeoutMs = 5000;
