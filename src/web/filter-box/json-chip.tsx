import { lazy } from '../parts/lazy.tsx';
import { Popover } from '../parts/popover.tsx';
import { show } from '../view/current-view.ts';

const JsonFilter = lazy(async () => (await import('./json-filter.tsx')).JsonFilter);

/** A filter that the text cannot express. Its words are beneath the box. */
export function JsonChip() {
  return (
    <span class="chip condition">
      <Popover label="Edit the filter in JSON" class="condition-text" button="{ } filter in JSON">
        <JsonFilter />
      </Popover>
      <button
        type="button"
        class="condition-remove"
        aria-label="Remove the filter in JSON"
        title="Remove"
        onClick={() => show({ filter: null })}
      >
        ×
      </button>
    </span>
  );
}

/** Opens the whole filter as JSON. */
export function JsonButton() {
  return (
    <Popover label="Edit the filter as JSON" button="JSON" class="button quiet small">
      <JsonFilter />
    </Popover>
  );
}
