import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { stringifyLossless, type JsonObject } from '../../client/tidings-client.ts';
import { copy } from '../parts/copy.ts';
import { printable } from '../text/printable.ts';
import { bytesText } from './json-value.ts';

/** The payload as one text, a part at a time: a browser needs seconds to lay out megabytes. */
export function PayloadText({ payload }: { readonly payload: JsonObject }) {
  const text = useMemo(() => stringifyLossless(payload), [payload]);
  const shown = useSignal(partLength);
  const parts = Math.ceil(Math.min(shown.value, text.length) / partLength);
  return (
    <div class="payload-text">
      <pre tabIndex={0} aria-label="Payload as text">
        {Array.from({ length: parts }, (_, index) => (
          <code key={index}>{printable(text.slice(index * partLength, (index + 1) * partLength))}</code>
        ))}
      </pre>
      <p class="buttons">
        {shown.value < text.length && (
          <button type="button" class="button" onClick={() => (shown.value += partLength)}>
            Show {bytesText(Math.min(partLength, text.length - shown.value))} more of {bytesText(text.length)}
          </button>
        )}
        <button type="button" class="button quiet" onClick={() => void copy(text, 'Payload')}>
          Copy all
        </button>
      </p>
    </div>
  );
}

const partLength = 20_000;
