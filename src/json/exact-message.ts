import { isJsonObject } from './exact-number.ts';
import { hasInexactNumber, parseJson } from './parse-json.ts';

/**
 * A message for graphql-ws, which parses texts with `JSON.parse` and takes anything else for a
 * parsed message: an operation or a result with numbers that a double cannot hold, parsed; else the
 * text.
 */
export function exactMessage(text: string): string {
  if (!hasInexactNumber(text)) return text;
  try {
    const message = parseJson(text);
    return isJsonObject(message) && exactTypes.has(message['type']) ? (message as unknown as string) : text;
  } catch {
    return text; // graphql-ws rejects it
  }
}

/** The types whose payloads `stringifyJson` writes. graphql-ws itself answers a ping with its payload. */
const exactTypes: ReadonlySet<unknown> = new Set(['subscribe', 'next']);
