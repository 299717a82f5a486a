import { hrefOf, show } from '../view/current-view.ts';
import type { View } from '../view/view.ts';

/** The attributes of a link that changes the view. With a modifier key, the browser opens the address elsewhere. */
export function linkTo(change: Partial<View>): { readonly href: string; readonly onClick: (event: MouseEvent) => void } {
  return {
    href: hrefOf(change),
    onClick(event) {
      if (opensElsewhere(event)) return;
      event.preventDefault();
      show(change);
    },
  };
}

/** Whether the browser opens the link that is clicked in another tab or window. */
export function opensElsewhere({ ctrlKey, metaKey, shiftKey }: MouseEvent): boolean {
  return ctrlKey || metaKey || shiftKey;
}
