import { stringifyLossless } from '../../client/tidings-client.ts';
import type { ListedEvent } from '../data/row-selection.ts';
import { printable } from '../text/printable.ts';
import { durationText } from '../text/time-format.ts';

/** How late an event was received, if it was over a minute after it occurred: `late 3 h`. */
export function lateText({ occurred, received }: ListedEvent): string | null {
  const seconds = (Date.parse(received) - Date.parse(occurred)) / 1000;
  return seconds > minLateSeconds ? `late ${durationText(seconds)}` : null;
}

/** A value of a column: texts as they are, everything else as JSON. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return cut(typeof value === 'string' ? value : stringifyLossless(value));
}

/** The related resources that a row shows, and the number of those that it does not. */
export function relatedTexts(event: ListedEvent): { readonly shown: readonly RelatedText[]; readonly more: number } {
  const shown = event.related.slice(0, maxRelated).map(({ role, name, id }) => ({ role: printable(role), name: cut(name ?? id) }));
  return { shown, more: event.related.length - shown.length };
}

export interface RelatedText {
  readonly role: string;
  readonly name: string;
}

/** A text of an event for one line. */
export function cut(text: string): string {
  return printable(text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text);
}

const minLateSeconds = 60;
const maxRelated = 3;
/** More does not fit into a cell. */
const maxCharacters = 300;
