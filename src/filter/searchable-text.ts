import { forEachValue } from '../json/for-each-value.ts';
import type { EventDraft, Resource } from '../event/event.ts';
import { fold, normalized } from './case-folding.ts';

/**
 * The text of an event that `contains` searches, normalized and case-folded: the name, the ids and label values of
 * the resources, and the strings of the payload; neither keys nor the roles of related resources.
 * All in one text, so that a term takes one search. U+0000, which neither events nor filters can
 * contain, separates the values, so that no term matches across two.
 *
 * Cached for the lifetime of the event: many subscriptions search one event, and folding costs far
 * more than searching.
 */
export function searchableText(event: EventDraft): string {
  const cached = textCache.get(event);
  if (cached !== undefined) return cached;
  const text = fold(normalized(searchableStrings(event).join('\0')));
  textCache.set(event, text);
  return text;
}

const textCache = new WeakMap<EventDraft, string>();

function searchableStrings({ event, resource, related, payload }: EventDraft): readonly string[] {
  const strings = [event];
  addResource(resource, strings);
  for (const each of related) addResource(each, strings);
  addStrings(payload, strings);
  return strings;
}

function addResource({ id, labels }: Resource, strings: string[]): void {
  strings.push(id);
  addStrings(labels, strings);
}

function addStrings(value: unknown, strings: string[]): void {
  if (typeof value === 'string') strings.push(value);
  else if (typeof value === 'object' && value !== null) forEachValue(value, (each) => addStrings(each, strings));
}
