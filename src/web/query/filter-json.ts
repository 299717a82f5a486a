import { parseLossless, type EventFilter } from '../../client/tidings-client.ts';

/** Reads a filter in JSON, for what the text cannot express; a string: why it is none. */
export function parseFilterJson(json: string): EventFilter | string {
  let value: unknown;
  try {
    value = parseLossless(json);
  } catch (error) {
    return `This is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'Expected an object, such as {"or": [{"id": ["a"]}]}.';
  return value;
}
