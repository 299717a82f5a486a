import { get } from 'node:http';
import type { RawSocket } from './protocols/raw-socket.ts';

/** What a request got: its status (over HTTP), and the first error or the data. */
export interface Got {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly data?: any;
  readonly error?: { readonly message: string; readonly extensions?: any };
}

export interface Request {
  readonly query: string;
  readonly variables?: object;
}

/** One way to ask a server. Of a subscription, its first message, upon which it is left. */
export type Asking = (request: Request) => Promise<Got>;

export function overHttp(url: string, others: Readonly<Record<string, string>> = {}): Asking {
  return async (request) => {
    const headers = { 'content-type': 'application/json', ...others };
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(request) });
    const { data, errors } = (await response.json()) as any;
    return { status: response.status, headers: Object.fromEntries(response.headers), data, error: errors?.[0] };
  };
}

/** By a GET that asks for a stream. */
export function overSse(url: string, others: Readonly<Record<string, string>> = {}): Asking {
  return (request) => listen(url, request, others);
}

function listen(url: string, { query, variables }: Request, others: Readonly<Record<string, string>>): Promise<Got> {
  const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables ?? {}) });
  return new Promise((resolve, reject) => {
    const asked = get(`${url}/graphql?${parameters}`, { headers: { accept: 'text/event-stream', ...others } }, (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = '';
      const settle = (got: Got): void => {
        resolve({ status, headers, ...got });
        asked.destroy();
      };
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const message = /^data: (.+)\n/m.exec(text)?.[1];
        if (message === undefined) return;
        const { data, errors } = JSON.parse(message);
        settle({ data, error: errors?.[0] });
      });
      response.on('end', () => settle(text.startsWith('{') ? { error: JSON.parse(text).errors[0] } : {}));
    });
    asked.on('error', reject);
  });
}

/** By an operation on a WebSocket. */
export function overWebSocket(raw: RawSocket): Asking {
  let asked = 0;
  return (payload) => {
    const id = `asked-${(asked += 1)}`;
    return new Promise((resolve, reject) => {
      const closed = (code: number): void => reject(new Error(`the socket closed with ${code}`));
      const take = (data: Buffer): void => {
        const message = JSON.parse(data.toString());
        if (message.id !== id) return;
        raw.socket.off('message', take);
        raw.socket.off('close', closed);
        raw.send({ id, type: 'complete' });
        const { payload: given } = message;
        resolve(message.type === 'error' ? { error: given[0] } : { data: given?.data ?? null, error: given?.errors?.[0] });
      };
      raw.socket.on('message', take);
      raw.socket.once('close', closed);
      raw.send({ id, type: 'subscribe', payload });
    });
  };
}
