import { signal } from '@preact/signals';
import { ValuesIcon } from '../parts/icons.tsx';
import { areFacetsShown } from '../parts/settings.ts';
import { useShortcut } from '../parts/shortcut.ts';

const narrow = matchMedia('(max-width: 1099px)');

/** On narrow screens the values lie over the list while they are open. */
export const isNarrow = signal(narrow.matches);
export const isSheetOpen = signal(false);
narrow.addEventListener('change', () => (isNarrow.value = narrow.matches));

function toggle(): void {
  if (isNarrow.peek()) isSheetOpen.value = !isSheetOpen.peek();
  else areFacetsShown.value = !areFacetsShown.peek();
}

/** Shows and hides the values. */
export function FacetsButton() {
  useShortcut('\\', toggle);
  return (
    <button
      type="button"
      class="icon-button facets-button"
      aria-label="Values"
      title="Values with counts (\)"
      aria-expanded={isNarrow.value ? isSheetOpen.value : areFacetsShown.value}
      onClick={toggle}
    >
      <ValuesIcon />
    </button>
  );
}
