import { signal } from '@preact/signals';
import type { Field } from './without-field.ts';

export interface AllValuesRequest {
  readonly field: Field;
  readonly prefix: string | null;
}

/** The values that are shown in full; null: none. */
export const allValues = signal<AllValuesRequest | null>(null);

export function showAllValues(request: AllValuesRequest): void {
  allValues.value = request;
}
