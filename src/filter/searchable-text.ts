import { fold } from './case-folding.ts';
import type { EventDraft, Resource } from '../event/event.ts';

/**
 * All that `contains` looks at in an event, folded: its name, the ids and label values of its resources, the strings of
 * its payload; not keys, nor the roles of related resources. It is one text, so that looking for something is one search,
 * and U+0000, which neither an event nor a filter can have, keeps what stands in two values from being found as one.
 *
 * Kept as long as the event is, because many subscriptions ask the same event, and folding costs far more than searching.
 */
export function foldedText(event: EventDraft): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = fold(partsOf(event).join('\0'));
  texts.set(event, text);
  return text;
}

const texts = new WeakMap<EventDraft, string>();

function partsOf({ event, resource, related, payload }: EventDraft): readonly string[] {
  const parts = [event];
  addResource(resource, parts);
  for (const each of related) addResource(each, parts);
  addStrings(payload, parts);
  return parts;
}

function addResource({ id, labels }: Resource, parts: string[]): void {
  parts.push(id);
  addStrings(labels, parts);
}

function addStrings(value: unknown, parts: string[]): void {
  if (typeof value === 'string') parts.push(value);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) addStrings(each, parts);
}
