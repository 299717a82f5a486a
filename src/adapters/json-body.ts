import { isTooDeep, maxJsonLevels } from '../transport/json-depth.ts';

/** One document of a body: JSON of any kind, or what came instead. */
export type Item = { readonly json: unknown } | { readonly notJson: string };

/** Reads JSON in UTF-8. */
export function readItem(bytes: Buffer): Item {
  if (isTooDeep(bytes, maxJsonLevels)) return { notJson: `JSON of more than ${maxJsonLevels} levels` };
  try {
    return { json: JSON.parse(utf8.decode(bytes)) };
  } catch (error) {
    return { notJson: error instanceof SyntaxError ? `what is no JSON (${error.message})` : 'bytes that are no UTF-8' };
  }
}

/** Whether JSON is an object, and no list. */
export function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
