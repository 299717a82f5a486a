import type { RawSocket } from './protocols/raw-socket.ts';

/** Runs an operation whose variables are JSON text, and returns the text of its response: no parser rounds a number. */
export type RawOperation = (query: string, variables?: string) => Promise<string>;

export function rawHttp(url: string): RawOperation {
  return async (query, variables = '{}') => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: requestText(query, variables),
    });
    return response.text();
  };
}

export function rawGet(url: string): RawOperation {
  return async (query, variables = '{}') => (await fetch(`${url}/graphql?${new URLSearchParams({ query, variables }).toString()}`)).text();
}

/** The text of the payload of the first message, on a WebSocket. */
export function rawWebSocket({ socket }: RawSocket): RawOperation {
  let operations = 0;
  return (query, variables = '{}') => {
    const id = `raw-${(operations += 1)}`;
    return new Promise((resolve, reject) => {
      const onMessage = (data: Buffer): void => {
        if (!data.includes(`"id":"${id}"`)) return;
        socket.off('message', onMessage);
        resolve(data.toString());
      };
      socket.on('message', onMessage);
      socket.once('close', (code) => reject(new Error(`the socket closed with ${code}`)));
      socket.send(`{"id":"${id}","type":"subscribe","payload":${requestText(query, variables)}}`);
    });
  };
}

/** The texts of all messages of a subscription on a WebSocket. */
export function rawMessages({ socket }: RawSocket, query: string, variables = '{}'): readonly string[] {
  const id = `raw-messages-${Math.random()}`;
  const texts: string[] = [];
  socket.on('message', (data: Buffer) => {
    if (data.includes(`"id":"${id}"`)) texts.push(data.toString());
  });
  socket.send(`{"id":"${id}","type":"subscribe","payload":${requestText(query, variables)}}`);
  return texts;
}

function requestText(query: string, variables: string): string {
  return `{"query":${JSON.stringify(query)},"variables":${variables}}`;
}
