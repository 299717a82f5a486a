import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JsonObject } from '../../client/tidings-client.ts';
import { SearchIcon } from '../parts/icons.tsx';
import { findInPayload, type Keys } from './payload-search.ts';

interface Props {
  readonly payload: JsonObject;
  readonly found: Signal<Keys | null>;
}

/** Searches in a payload. The key / in the panel comes here, Enter and Shift+Enter go on and back. */
export function PayloadSearch({ payload, found }: Props) {
  const text = useSignal('');
  const matches = useSignal<readonly Keys[]>([]);
  const at = useSignal(0);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const stop = new AbortController();
    [matches.value, at.value, found.value] = [[], 0, null];
    void search(findInPayload(payload, text.value), stop.signal, (keys) => {
      matches.value = [...keys];
      found.value ??= keys[0] ?? null;
    });
    return () => stop.abort();
  }, [payload, text.value]);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const target = event.target;
      if (event.key !== '/' || event.ctrlKey || event.metaKey || !(target instanceof Element)) return;
      if (target.closest('.detail') === null || target.closest('input, textarea') !== null) return;
      event.preventDefault();
      event.stopPropagation();
      field.current?.focus();
    };
    addEventListener('keydown', focus, { capture: true });
    return () => removeEventListener('keydown', focus, { capture: true });
  }, []);
  const go = (step: number): void => {
    const count = matches.value.length;
    if (count === 0) return;
    at.value = (at.value + step + count) % count;
    found.value = matches.value[at.value] ?? null;
  };
  return (
    <div class="payload-search">
      <SearchIcon />
      <input
        ref={field}
        type="search"
        aria-label="Search in the payload"
        placeholder="Search in the payload"
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          if (text.value === '') event.currentTarget.blur();
          text.value = '';
        }}
      />
      <span class="faint number" role="status">
        {text.value !== '' && (matches.value.length === 0 ? 'not found' : `${at.value + 1} of ${countText(matches.value.length)}`)}
      </span>
    </div>
  );
}

function countText(count: number): string {
  return count === maxMatches ? `${maxMatches} or more` : String(count);
}

/** Pauses every few milliseconds, so that the page stays responsive. */
async function search(found: Iterable<Keys | null>, signal: AbortSignal, report: (matches: readonly Keys[]) => void): Promise<void> {
  const matches: Keys[] = [];
  let pauseAt = performance.now() + sliceMs;
  for (const keys of found) {
    if (keys !== null) matches.push(keys);
    if (matches.length === maxMatches) break;
    if (keys !== null || performance.now() < pauseAt) continue;
    report(matches);
    await new Promise((resolve) => setTimeout(resolve));
    if (signal.aborted) return;
    pauseAt = performance.now() + sliceMs;
  }
  report(matches);
}

const sliceMs = 15;
const maxMatches = 1000;
