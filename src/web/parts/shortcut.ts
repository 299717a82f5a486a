import { useLayoutEffect } from 'preact/hooks';
import { setting } from './settings.ts';

/** Single keys can be switched off, for people who speak to their computer or have other keys. */
export const areShortcutsOn = setting('shortcuts', true);

/** Runs `run` when one of the keys is pressed outside of fields and dialogs. `run` can return false: it did nothing. */
export function useShortcut(keys: string, run: (event: KeyboardEvent) => unknown): void {
  // With the rendering, not after the next frame: a key that comes in between is not for an earlier state.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!areShortcutsOn.peek() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!keys.split(' ').includes(event.key) || isTyping(event.target)) return;
      if (run(event) !== false) event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  return target.closest('input, textarea, select, [contenteditable], dialog, [popover]') !== null;
}
