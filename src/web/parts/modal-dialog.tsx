import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { CloseIcon } from './icons.tsx';

export interface ModalDialogProps {
  readonly title: string;
  readonly class: string;
  readonly children: ComponentChildren;
  /** It cannot be closed. */
  readonly isBusy?: boolean;
  readonly onClose: () => void;
}

/**
 * A dialog over the page, with a title. Escape, its button and a click beside it close it. `onClose` is called at once, so that
 * the next key meets a closed dialog: the `close` event of the browser is queued, and other events can overtake it.
 */
export function ModalDialog({ title, class: name, children, isBusy = false, onClose }: ModalDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isClosed = useRef(false);
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => {
    if (isClosed.current) return;
    isClosed.current = true;
    dialog.current?.close(); // returns the focus to where it was
    onClose();
  };
  return (
    <dialog
      ref={dialog}
      class={name}
      aria-label={title}
      onClose={close}
      onCancel={(event) => {
        if (event.target !== event.currentTarget) return; // of a popover or file field in it
        event.preventDefault();
        if (!isBusy) close();
      }}
      onClick={(event) => {
        if (!isBusy && event.target === event.currentTarget && isBeside(event)) close();
      }}
    >
      <div class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="icon-button" aria-label="Close" disabled={isBusy} onClick={close}>
          <CloseIcon />
        </button>
      </div>
      {children}
    </dialog>
  );
}

/** The backdrop belongs to the dialog, as far as events are concerned. */
function isBeside({ clientX, clientY, currentTarget }: preact.TargetedMouseEvent<HTMLDialogElement>): boolean {
  const { left, right, top, bottom } = currentTarget.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
