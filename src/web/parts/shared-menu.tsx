import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
  readonly name: string;
  /** The element that it belongs to; null: closed. */
  readonly opener: HTMLElement | null;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A menu that many elements share. */
export function SharedMenu({ name, opener, onClose, children }: Props) {
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (opener === null || menu.current === null) return;
    menu.current.showPopover();
    placeMenu(menu.current, opener);
  }, [opener]);
  return (
    <div
      ref={menu}
      class="menu"
      popover="auto"
      role="group"
      aria-label={name}
      onKeyDown={moveFocus}
      onClick={closeMenu}
      // Not when it was closed: that event comes later, and would close what is opened in between.
      onBeforeToggle={(event) => {
        if (event.newState !== 'closed') return;
        // The focus is not lost with the item that had it.
        if (document.activeElement === document.body || event.currentTarget.contains(document.activeElement)) opener?.focus();
        onClose();
      }}
    >
      {children}
    </div>
  );
}

function closeMenu(event: MouseEvent): void {
  (event.currentTarget as HTMLElement).hidePopover();
}

function moveFocus(event: KeyboardEvent): void {
  const items = itemsOf(event.currentTarget as HTMLElement);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  items[(next + items.length) % items.length]?.focus();
}

/** Places it below its opener, or above where there is more room, and focuses its first item. */
function placeMenu(menu: HTMLElement, opener: HTMLElement): void {
  const box = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const isBelow = box.bottom + height + gap < innerHeight || box.top < innerHeight / 2;
  menu.style.top = `${isBelow ? box.bottom + gap : Math.max(gap, box.top - height - gap)}px`;
  menu.style.left = `${Math.max(gap, Math.min(box.left, innerWidth - width - 2 * gap))}px`;
  itemsOf(menu)[0]?.focus({ preventScroll: true });
}

function itemsOf(menu: HTMLElement): readonly HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>('button:not(:disabled), a')];
}

const gap = 4;
