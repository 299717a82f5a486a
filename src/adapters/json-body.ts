import { runInSlices } from '../concurrency/time-slices.ts';
import { parseJsonInSteps } from '../json/parse-in-steps.ts';
import { parseJson } from '../json/parse-json.ts';
import { stringifyJson } from '../json/stringify-json.ts';
import { jsonExcess } from '../transport/json-bounds.ts';

/** One document of a body: a JSON value, or a description of the bytes that are not JSON. */
export type Item = { readonly json: unknown } | { readonly notJson: string };

/** An item as received: its own bytes, or the part of an array as JSON. */
export function rawOf(item: Item, bytes: Buffer | null): Buffer {
  return bytes ?? Buffer.from('json' in item ? stringifyJson(item.json) : item.notJson);
}

/** Reads short JSON in UTF-8. */
export function readItem(bytes: Buffer): Item {
  const excess = jsonExcess(bytes);
  if (excess !== null) return { notJson: `JSON with ${excess}` };
  try {
    return { json: parseJson(utf8.decode(bytes)) };
  } catch (error) {
    return { notJson: reasonOf(error) };
  }
}

/** Reads JSON of any length in UTF-8, in slices of the event loop. */
export function readBodyItem(bytes: Buffer): Promise<Item> {
  return runInSlices(itemInSteps(bytes));
}

/** The same in steps. */
export function* itemInSteps(bytes: Buffer): Generator<undefined, Item> {
  const excess = jsonExcess(bytes);
  if (excess !== null) return { notJson: `JSON with ${excess}` };
  try {
    return { json: yield* parseJsonInSteps(bytes, (part) => utf8.decode(part)) };
  } catch (error) {
    return { notJson: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof SyntaxError ? `invalid JSON (${error.message})` : 'bytes that are not UTF-8';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
