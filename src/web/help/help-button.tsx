import { signal } from '@preact/signals';
import { HelpIcon } from '../parts/icons.tsx';
import { lazy } from '../parts/lazy.tsx';
import { useShortcut } from '../parts/shortcut.ts';

const isOpen = signal(false);
const HelpDialog = lazy(async () => (await import('./help-dialog.tsx')).HelpDialog);

/** Opens the help of the page. */
export function HelpButton() {
  const open = (): void => void (isOpen.value = true);
  useShortcut('?', open);
  return (
    <>
      <button type="button" class="icon-button" aria-label="Help" title="Help (?)" onClick={open}>
        <HelpIcon />
      </button>
      {isOpen.value && <HelpDialog onClose={() => (isOpen.value = false)} />}
    </>
  );
}
