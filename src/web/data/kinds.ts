import { signal } from '@preact/signals';

/**
 * The most frequent event names, by their first two segments. The place of a name is its colour, in
 * the histogram and before rows. The histogram sets them.
 */
export const kinds = signal<readonly (string | null)[]>([]);

/** The class of the colour of an event: `kind-1` to `kind-5`, and `kind-6` for all other names. */
export function kindClass(event: string): string {
  const place = kinds.value.indexOf(kindOf(event));
  return `kind-${place === -1 ? 6 : place + 1}`;
}

/** The first two segments of an event name. */
export function kindOf(event: string): string {
  const second = event.indexOf('.', event.indexOf('.') + 1);
  return event.includes('.') && second !== -1 ? event.slice(0, second) : event;
}
