import { computed, signal } from '@preact/signals';
import { isSelected } from '../data/hold.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { viewOf } from '../view/current-view.ts';

/** The event that Tab reaches and keys start from; null: the first one in view. */
export const current = signal<string | null>(null);
/** Revealed events that are above what is in view. */
export const newAbove = signal(0);
/** Why older events could not be loaded. */
export const olderError = signal<string | null>(null);

export const openEvent = viewOf(({ event }) => event);
const chosenZone = viewOf((view) => view.zone);
/** The time zone of all times of the list. */
export const zone = computed(() => zoneOrLocal(chosenZone.value));

/** Makes an event the one that keys start from. New events wait while one is selected. */
export function select(id: string): void {
  current.value = id;
  isSelected.value = true;
}

export function deselect(): void {
  isSelected.value = false;
}
