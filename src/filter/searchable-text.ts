import { fold } from './case-folding.ts';
import type { EventDraft, Resource } from '../event/event.ts';

/**
 * All that `contains` looks at in an event, folded: its name, the ids and label values of its resources, the strings of
 * its payload; not keys, nor the roles of related resources. It is one text, so that looking for something is one search,
 * and U+0000, which neither an event nor a filter can have, keeps what stands in two values from being found as one.
 *
 * Kept as long as the event is, because many subscriptions ask the same event, and folding costs far more than searching.
 */
export function searchableText(event: EventDraft): string {
  const cached = textCache.get(event);
  if (cached !== undefined) return cached;
  const text = fold(searchableStrings(event).join('\0'));
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
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) addStrings(each, strings);
}
