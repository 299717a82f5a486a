import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';

export interface PopoverProps {
  /** The name of the button. */
  readonly label: string;
  readonly button: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
  /** `menu`: the content is a list of buttons and links. */
  readonly kind?: 'menu' | 'popover';
}

/** A button that shows something beneath it. The browser closes it on Escape and on a click elsewhere. */
export function Popover({ label, button, children, class: name = 'button quiet', kind = 'popover' }: PopoverProps) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const place = (popover: HTMLElement): void => {
    const from = opener.current?.getBoundingClientRect();
    if (from === undefined) return;
    const width = popover.offsetWidth;
    popover.style.top = `${from.bottom + 4}px`;
    popover.style.left = `${Math.max(8, Math.min(from.left, innerWidth - width - 8))}px`;
    popover.style.maxHeight = `${Math.max(160, innerHeight - from.bottom - 16)}px`;
  };
  return (
    <>
      <button ref={opener} type="button" class={name} aria-label={label} aria-expanded={isOpen} popovertarget={id}>
        {button}
      </button>
      <div
        id={id}
        popover="auto"
        class={kind}
        onToggle={(event) => {
          setOpen(event.newState === 'open');
          if (event.newState === 'open') place(event.currentTarget);
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
