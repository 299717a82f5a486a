import { runInSlices, yieldToEventLoop } from '../concurrency/time-slices.ts';
import { parseJsonInSteps } from '../json/parse-in-steps.ts';
import { stringifyJson } from '../json/stringify-json.ts';
import { jsonExcessInSteps } from '../transport/json-bounds.ts';

/** One document of a body: a JSON value, or a description of the bytes that are not JSON. */
export type Item = { readonly json: unknown } | { readonly notJson: string };

/** An item as received: its own bytes, or the part of an array as JSON. */
export function rawOf(item: Item, bytes: Buffer | null): Buffer {
  return bytes ?? Buffer.from('json' in item ? stringifyJson(item.json) : item.notJson);
}

/** Reads JSON of any length in UTF-8, in slices of the event loop. */
export async function readBodyItem(bytes: Buffer): Promise<Item> {
  if (bytes.length > minLargeBytes) await yieldToEventLoop(); // putting it together took some time
  return runInSlices(itemInSteps(bytes));
}

/** The same in steps. */
export function* itemInSteps(bytes: Buffer): Generator<undefined, Item> {
  yield;
  const excess = yield* jsonExcessInSteps(bytes);
  if (excess !== null) return { notJson: `JSON with ${excess}` };
  yield;
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
const minLargeBytes = 256 << 10;
