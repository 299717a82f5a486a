import { request, type IncomingMessage } from 'node:http';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { adminKey } from '../../support/keys.ts';
import { endingOf, type DataListener, type Ending, type Subscription, type Wire } from './wire.ts';

/**
 * The same over server-sent events, without `roundTrip`. The server learns that a client is done by the end of its
 * connection only.
 */
export function openEventStreamWire(url: string, payload: Subscription, onData: DataListener): Omit<Wire, 'roundTrip'> {
  const headers = {
    accept: 'text/event-stream',
    'content-type': 'application/json',
    authorization: `Bearer ${adminKey}`,
    ...(payload.lastEventId !== undefined && { 'last-event-id': payload.lastEventId }),
  };
  const sent = request(`${url}/graphql`, { method: 'POST', headers, agent: false });
  let response: IncomingMessage | null = null;
  let lastId: string | undefined;
  const ended = new Promise<Ending>((end) => {
    const closed = (): void => end({ kind: 'CLOSED', code: 1006 });
    const onBlock = (block: string): void => {
      const { event, data, id } = fieldsOf(block);
      lastId = id ?? lastId; // as in browsers
      if (event === 'complete') return end({ kind: 'COMPLETED' });
      if (event !== 'next') return;
      const message = JSON.parse(data ?? '');
      if (message.errors !== undefined) return end(endingOf(message.errors));
      onData(message.data, lastId ?? 'none');
    };
    sent.on('error', closed);
    sent.on('response', (stream: IncomingMessage) => {
      response = stream;
      const isStream = stream.headers['content-type']?.startsWith('text/event-stream') === true;
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (!isStream) return;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        blocks.forEach(onBlock);
      });
      stream.on('end', () => (isStream ? closed() : end(refusal(stream.statusCode, text))));
      stream.on('close', closed);
    });
  });
  sent.end(stringifyJson({ query: payload.query, variables: payload.variables }));
  const drop = (): void => void sent.destroy();
  return {
    ended,
    pause: () => response?.pause(),
    resume: () => response?.resume(),
    drop,
    close: drop,
    complete: drop,
  };
}

function fieldsOf(block: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from(block.matchAll(/^(\w+): (.*)$/gm), ([, name, value]) => [name, value]));
}

/** The errors of a response that is no stream. */
function refusal(status: number | undefined, text: string): Ending {
  try {
    return { kind: 'FAILED', errors: JSON.parse(text).errors };
  } catch {
    return { kind: 'FAILED', errors: [{ message: `${status}: ${text.slice(0, 200)}` }] };
  }
}
