import { parseJson } from '../json/parse-json.ts';
import { stringifyJson } from '../json/stringify-json.ts';
import { jsonExcess } from '../transport/json-bounds.ts';

/** One document of a body: a JSON value, or a description of the bytes that are not JSON. */
export type Item = { readonly json: unknown } | { readonly notJson: string };

/** An item as received: its own bytes, or the part of an array as JSON. */
export function rawOf(item: Item, bytes: Buffer | null): Buffer {
  return bytes ?? Buffer.from('json' in item ? stringifyJson(item.json) : item.notJson);
}

/** Reads JSON in UTF-8. */
export function readItem(bytes: Buffer): Item {
  const excess = jsonExcess(bytes);
  if (excess !== null) return { notJson: `JSON with ${excess}` };
  try {
    return { json: parseJson(utf8.decode(bytes)) };
  } catch (error) {
    return { notJson: error instanceof SyntaxError ? `invalid JSON (${error.message})` : 'bytes that are not UTF-8' };
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
