import { jsonExcess } from '../transport/json-bounds.ts';

/** One document of a body: a JSON value, or a description of the bytes that are not JSON. */
export type Item = { readonly json: unknown } | { readonly notJson: string };

/** An item as received: its own bytes, or the part of an array as JSON. */
export function rawOf(item: Item, bytes: Buffer | null): Buffer {
  return bytes ?? Buffer.from('json' in item ? JSON.stringify(item.json) : item.notJson);
}

/** Reads JSON in UTF-8. */
export function readItem(bytes: Buffer): Item {
  const excess = jsonExcess(bytes);
  if (excess !== null) return { notJson: `JSON with ${excess}` };
  try {
    return { json: JSON.parse(utf8.decode(bytes)) };
  } catch (error) {
    return { notJson: error instanceof SyntaxError ? `invalid JSON (${error.message})` : 'bytes that are not UTF-8' };
  }
}

/** Whether a JSON value is an object, not an array. */
export function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
