import { useEffect } from 'preact/hooks';
import { copied } from '../parts/copy.ts';
import './status.css';

/** Says what was copied. A text that could not be copied is shown, selected. */
export function Copied() {
  const last = copied.value;
  useEffect(() => {
    if (last === null || last.text !== null) return undefined;
    const timer = setTimeout(() => (copied.value = null), shownMs);
    return () => clearTimeout(timer);
  }, [last]);
  return (
    <div class="toast-area" aria-live="polite">
      {last !== null && (
        <div class="toast">
          {last.text === null ? (
            `Copied: ${last.what}`
          ) : (
            <>
              <label class="labelled">
                This browser does not let the page copy. Press Ctrl+C:
                <textarea class="field mono" readOnly rows={3} value={last.text} ref={(area) => area?.select()} />
              </label>
              <button type="button" class="button" onClick={() => (copied.value = null)}>
                Close
              </button>
            </>
          )}
        </div>
      )}
    </div>
  );
}

const shownMs = 2500;
