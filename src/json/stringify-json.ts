import { conversionCount, ExactNumber } from './exact-number.ts';
import { collectTexts, JsonText, withTexts } from './json-text.ts';

/**
 * `JSON.stringify`, except that an ExactNumber is written as a number, and a JsonText as its text. As fast,
 * where there is none.
 */
export function stringifyJson(value: unknown): string {
  const before = conversionCount();
  const texts = collectTexts();
  const json = JSON.stringify(value);
  const converted = conversionCount() - before;
  if (converted === 0) return json;
  return converted === texts.length ? withTexts(json, texts) : (write(value, '') ?? json);
}

/** Undefined for what JSON leaves out. */
function write(value: unknown, key: string): string | undefined {
  if (value instanceof ExactNumber || value instanceof JsonText) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return write((value as { toJSON(key: string): unknown }).toJSON(key), key);
  if (Array.isArray(value)) return `[${value.map((each, index) => write(each, String(index)) ?? 'null').join(',')}]`;
  const members = Object.entries(value).flatMap(([name, each]) => {
    const text = write(each, name);
    return text === undefined ? [] : `${JSON.stringify(name)}:${text}`;
  });
  return `{${members.join(',')}}`;
}
