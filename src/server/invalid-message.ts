import type { TidingsError } from '../errors.ts';
import type { ReceivedMessage } from './message-order.ts';

/** An invalid message that still names its operation: only that operation gets the error. */
export interface RejectedOperation {
  readonly id: string;
  readonly message: string;
  readonly code: TidingsError['code'];
}

/**
 * The operation of a `subscribe` message with an invalid payload; null for any other message, which
 * is an error of the client's program and closes the socket. Assumes JSON of bounded depth.
 */
export function operationOfInvalidMessage(received: ReceivedMessage): RejectedOperation | null {
  const message = received.kind === 'operation' ? received.operation : received.kind === 'text' ? parse(received.text) : null;
  if (!isObject(message) || message['type'] !== 'subscribe' || !isValidId(message['id'])) return null;
  const { id, payload } = message;
  return { id, message: problemOf(payload), code: 'BAD_USER_INPUT' };
}

/**
 * The operation of a `subscribe` message that must not be parsed, for the reason `excess`, if its id
 * and type come first, as common clients send them.
 */
export function operationOfLargeMessage(bytes: Buffer, excess: string): RejectedOperation | null {
  const id = /^\s*\{\s*"id"\s*:\s*"([^"\\]+)"\s*,\s*"type"\s*:\s*"subscribe"\s*,/.exec(bytes.toString('utf8', 0, maxHeadBytes))?.[1];
  if (!isValidId(id)) return null;
  return { id, message: `expected smaller JSON, got ${excess}; split the request`, code: 'LIMIT_EXCEEDED' };
}

export function errorMessage({ id, message, code }: RejectedOperation): string {
  return JSON.stringify({ id, type: 'error', payload: [{ message, extensions: { code } }] });
}

/** Bounds the id because every message repeats it. */
export const maxIdLength = 255;

function problemOf(payload: unknown): string {
  if (!isObject(payload)) return 'payload: expected an object, got something else';
  const { query, operationName } = payload;
  if (typeof query !== 'string') return `query: expected a string, got ${query === undefined ? 'none' : 'something else'}`;
  if (operationName != null && typeof operationName !== 'string') return 'operationName: expected a string or null, got something else';
  const name = ['variables', 'extensions'].find((each) => payload[each] != null && !isObject(payload[each]));
  return `${name ?? 'payload'}: expected an object${name === undefined ? '' : ' or null'}, got something else`;
}

function isValidId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= maxIdLength;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const maxHeadBytes = 1024;
