import { signal } from '@preact/signals';

/** The event below (1) or above (-1) another one in the list; null: none. The list sets it. */
export const neighbourOf = signal<(id: string, step: 1 | -1) => string | null>(() => null);
