import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { adminKey } from '../../support/keys.ts';
import { onStreamMessage, streamField } from '../../support/protocols/event-stream.ts';
import { endingOf, type DataListener, type Ending, type Subscription, type Wire } from './wire.ts';

/** A subscription as an event stream. The server learns that a client is done by the end of its connection only. */
export function openEventStreamWire(url: string, payload: Subscription, onData: DataListener): Wire {
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
    const onMessage = (streamed: string): void => {
      const event = streamField(streamed, 'event');
      lastId = streamField(streamed, 'id') ?? lastId; // as in browsers
      if (event === 'complete') return end({ kind: 'COMPLETED' });
      if (event !== 'next') return;
      const message = JSON.parse(streamField(streamed, 'data') ?? '');
      if (message.errors !== undefined) return end(endingOf(message.errors));
      onData(message.data, lastId ?? 'none');
    };
    sent.on('error', closed);
    sent.on('response', (stream: IncomingMessage) => {
      response = stream;
      const isStream = stream.headers['content-type']?.startsWith('text/event-stream') === true;
      if (isStream) {
        onStreamMessage(stream, onMessage);
        stream.on('error', closed).on('close', closed);
      } else {
        text(stream).then((body) => end(refusal(stream.statusCode, body)), closed);
      }
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

/** The errors of a response that is no stream. */
function refusal(status: number | undefined, body: string): Ending {
  try {
    return { kind: 'FAILED', errors: JSON.parse(body).errors };
  } catch {
    return { kind: 'FAILED', errors: [{ message: `${status}: ${body.slice(0, 200)}` }] };
  }
}
