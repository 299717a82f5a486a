import { show } from '../view/current-view.ts';
import { CloseIcon } from './icons.tsx';

/** Closes a view that is shown in place of the list. */
export function BackButton() {
  return (
    <button
      type="button"
      class="icon-button"
      title="Back to the event (Esc)"
      aria-label="Back to the event"
      onClick={() => show({ panel: 'event' })}
    >
      <CloseIcon />
    </button>
  );
}
