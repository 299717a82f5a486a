import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { readView, writeView, type View } from './view.ts';

const current = signal(readView(location.search));

/** What the page shows. It equals the address bar. */
export const view: ReadonlySignal<View> = current;

/** One value of the view, which changes only with this value. */
export function viewOf<T>(read: (view: View) => T): ReadonlySignal<T> {
  return computed(() => read(current.value));
}

/**
 * Changes the view. `push`: Back returns to the view before. `replace`: for changes while they are
 * made, such as typing and resizing.
 */
export function show(change: Partial<View>, how: 'push' | 'replace' = 'push'): void {
  const next = { ...current.value, ...change };
  const address = addressOf(next);
  if (address === location.pathname + location.search) return;
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  current.value = next;
}

/** The address of a view, for links. */
export function hrefOf(change: Partial<View>): string {
  return addressOf({ ...current.value, ...change });
}

function addressOf(next: View): string {
  return location.pathname + writeView(next, location.search);
}

addEventListener('popstate', () => {
  current.value = readView(location.search);
});
