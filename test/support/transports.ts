import { get } from 'node:http';
import type { RawSocket } from './protocols/raw-socket.ts';

/** The result of a request: its status (over HTTP), and the data or the first error. */
export interface OperationResult {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly data?: any;
  readonly error?: { readonly message: string; readonly extensions?: any };
}

export interface Request {
  readonly query: string;
  readonly variables?: object;
  readonly operationName?: string;
}

/** A transport of operations. A subscription is closed after its first message. */
export type Transport = (request: Request) => Promise<OperationResult>;

export function overHttp(url: string, extraHeaders: Readonly<Record<string, string>> = {}): Transport {
  return async (request) => {
    const headers = { 'content-type': 'application/json', ...extraHeaders };
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(request) });
    const { data, errors } = (await response.json()) as any;
    return { status: response.status, headers: Object.fromEntries(response.headers), data, error: errors?.[0] };
  };
}

/** Sends a GET request that accepts a stream. */
export function overSse(url: string, extraHeaders: Readonly<Record<string, string>> = {}): Transport {
  return (request) => listen(url, request, extraHeaders);
}

function listen(
  url: string,
  { query, variables, operationName }: Request,
  extraHeaders: Readonly<Record<string, string>>,
): Promise<OperationResult> {
  const parameters = new URLSearchParams({
    query,
    variables: JSON.stringify(variables ?? {}),
    ...(operationName !== undefined && { operationName }),
  });
  return new Promise((resolve, reject) => {
    const sentRequest = get(`${url}/graphql?${parameters}`, { headers: { accept: 'text/event-stream', ...extraHeaders } }, (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = '';
      const settle = (result: OperationResult): void => {
        resolve({ status, headers, ...result });
        sentRequest.destroy();
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
    sentRequest.on('error', reject);
  });
}

/** Sends an operation on a WebSocket. */
export function overWebSocket(raw: RawSocket): Transport {
  let sentRequest = 0;
  return (payload) => {
    const id = `request-${(sentRequest += 1)}`;
    return new Promise((resolve, reject) => {
      const closed = (code: number): void => reject(new Error(`the socket closed with ${code}`));
      const onMessage = (data: Buffer): void => {
        const message = JSON.parse(data.toString());
        if (message.id !== id) return;
        raw.socket.off('message', onMessage);
        raw.socket.off('close', closed);
        raw.send({ id, type: 'complete' });
        const { payload: given } = message;
        resolve(message.type === 'error' ? { error: given[0] } : { data: given?.data ?? null, error: given?.errors?.[0] });
      };
      raw.socket.on('message', onMessage);
      raw.socket.once('close', closed);
      raw.send({ id, type: 'subscribe', payload });
    });
  };
}
