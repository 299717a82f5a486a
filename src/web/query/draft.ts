import { readItems } from './query-item.ts';

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
