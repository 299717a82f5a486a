import { fields, readItems } from './query-item.ts';
import { parseQuery } from './query-text.ts';

/** The items of a text, each as it is written. */
export function itemTexts(text: string): readonly string[] {
  return readItems(text).spans.map(({ from, to }) => text.slice(from, to));
}

/** The items of a text that is being written which a space has finished, and the rest. */
export function takeFinished(text: string): { readonly finished: readonly string[]; readonly rest: string } {
  const { spans, problems } = readItems(text);
  const wrong = problems[0]?.from ?? text.length;
  const done = spans.filter(({ from, to }) => to < text.length && from < wrong);
  const end = done.at(-1)?.to ?? 0;
  return { finished: done.map(({ from, to }) => text.slice(from, to)), rest: text.slice(end).trimStart() };
}

/** Whether a text that is being typed is a search: not what can become a field, such as `eve`, `-label` and `label.region`. */
export function isSearch(text: string): boolean {
  const name = text.replace(/^[-!]/, '');
  if (name.length < 2 || fields.some((field) => field.startsWith(name)) || /^(?:related|label|payload)\./.test(name)) return false;
  const { filter, problems } = parseQuery(text);
  return problems.length === 0 && Object.keys(filter).join() === 'text';
}
