import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useShortcut } from './shortcut.ts';

export interface PopoverProps {
  /** The name of the button. */
  readonly label: string;
  readonly button: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
  /** `menu`: the content is a list of buttons and links. */
  readonly kind?: 'menu' | 'popover';
  /** A key that opens it. */
  readonly shortcut?: string;
}

/**
 * A button that shows something beneath it. The browser closes it on Escape and on a click elsewhere.
 * The focus moves with the key or click that opens or closes it: the next key is for what is shown then.
 */
export function Popover({ label, button, children, class: name = 'button quiet', kind = 'popover', shortcut = '' }: PopoverProps) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  useShortcut(shortcut, () => opener.current?.click());
  const place = (popover: HTMLElement): void => {
    const from = opener.current?.getBoundingClientRect();
    if (from === undefined) return;
    const width = popover.offsetWidth;
    popover.style.top = `${from.bottom + 4}px`;
    popover.style.left = `${Math.max(8, Math.min(from.left, innerWidth - width - 8))}px`;
    popover.style.maxHeight = `${Math.max(160, innerHeight - from.bottom - 16)}px`;
  };
  // Content that is loaded when it is used changes the size.
  useEffect(() => {
    const popover = content.current;
    if (!isOpen || popover === null) return undefined;
    const observer = new ResizeObserver(() => place(popover));
    observer.observe(popover);
    return () => observer.disconnect();
  }, [isOpen]);
  return (
    <>
      <button ref={opener} type="button" class={name} aria-label={label} aria-expanded={isOpen} popovertarget={id}>
        {button}
      </button>
      <div
        ref={content}
        id={id}
        popover="auto"
        tabIndex={-1}
        autofocus
        class={kind}
        onBeforeToggle={(event) => {
          setOpen(event.newState === 'open');
          if (event.newState === 'closed' && isLost(document.activeElement, event.currentTarget)) opener.current?.focus();
        }}
        onClick={(event) => {
          if (kind === 'menu' && event.target instanceof Element && event.target.closest('button, a') !== null)
            event.currentTarget.hidePopover();
        }}
      >
        {isOpen && children}
      </div>
    </>
  );
}

/** Whether the focus was on something that is not there any more, or inside of what was closed. */
function isLost(focused: Element | null, closed: Element): boolean {
  return focused === null || focused === document.body || closed.contains(focused);
}
