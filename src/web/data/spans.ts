import { signal } from '@preact/signals';

/** The times between two events, both instants; `from` is the earlier one. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

/** What the list has loaded, and what it shows. The list sets them, the histogram marks them. Null: no event. */
export const loadedSpan = signal<Span | null>(null);
export const visibleSpan = signal<Span | null>(null);

/** How many events match now, in the time range of the view; null: not known yet. The histogram sets it. */
export const liveTotal = signal<number | null>(null);
