import { isJsonObject } from './exact-number.ts';
import { parseJson } from './parse-json.ts';

/**
 * A message for graphql-ws, which parses texts with `JSON.parse` and takes anything else for a
 * parsed message: an operation or a result, parsed with exact numbers; else the text. graphql-ws
 * keeps what it is given until a subscription ends, so a text would stay beside its parsed message.
 */
export function exactMessage(text: string): string {
  try {
    const message = parseJson(text);
    return isExactMessage(message) ? (message as unknown as string) : text;
  } catch {
    return text; // graphql-ws rejects it
  }
}

/** Whether a message is an operation or a result. graphql-ws itself answers a ping with its payload. */
export function isExactMessage(message: unknown): message is object {
  return isJsonObject(message) && exactTypes.has(message['type']);
}

/** The types whose payloads `stringifyJson` writes. */
const exactTypes: ReadonlySet<unknown> = new Set(['subscribe', 'next']);
