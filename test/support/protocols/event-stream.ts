import type { IncomingMessage } from 'node:http';

/** Calls back with the text of each message of an event stream, without the empty line that ends it. */
export function onStreamMessage(response: IncomingMessage, onMessage: (message: string) => void): void {
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (text + chunk).split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) onMessage(message);
  });
}

/** The value of a field of a message of an event stream. */
export function streamField(message: string, name: 'id' | 'event' | 'data'): string | undefined {
  return new RegExp(`^${name}: ?(.*)$`, 'm').exec(message)?.[1];
}
