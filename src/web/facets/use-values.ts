import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { TidingsError } from '../../client/tidings-client.ts';
import { activeFilter } from '../data/active-filter.ts';
import { noteRejection } from '../data/server-info.ts';
import { tidings } from '../data/session.ts';
import { liveTotal } from '../data/spans.ts';
import { isSeen, pause, until } from '../data/until.ts';
import { viewOf } from '../view/current-view.ts';
import { loadValues, type Values, type ValuesRequest } from './load-values.ts';
import { inShownOrder } from './value-rows.ts';

export interface ValuesState {
  /** Null: not counted yet. Values stay while others are counted. */
  readonly values: Values | null;
  readonly isBusy: boolean;
  /** What the server says if it did not count. */
  readonly error: string | null;
  /** When it is asked again, in milliseconds since 1970; null: when more events match. */
  readonly nextAttemptAt: number | null;
}

/** The pointer or the focus is in the panel: rows keep their places. */
export const isTouched = signal(false);

const isLive = viewOf((view) => view.isLive);

/** Counts values as the view selects, again while events arrive, as long as the component is shown. */
export function useValues(request: Omit<ValuesRequest, 'filter'>): ReadonlySignal<ValuesState> {
  const key = JSON.stringify(request);
  const [state, follow] = useMemo(() => {
    const state = signal<ValuesState>({ values: null, isBusy: true, error: null, nextAttemptAt: null });
    return [state, () => followValues(request, state)] as const;
  }, [key]);
  useEffect(() => follow(), [follow]);
  return state;
}

function followValues(request: Omit<ValuesRequest, 'filter'>, state: Signal<ValuesState>): () => void {
  return effect(() => {
    const client = tidings.value;
    const filter = activeFilter.value;
    const stop = new AbortController();
    state.value = { ...state.peek(), isBusy: true, error: null, nextAttemptAt: null };
    void keepCounted((signal) => loadValues(client, { ...request, filter }, signal), state, stop.signal);
    return () => stop.abort();
  });
}

/** Counts, and again after a pause when the number of matching events has changed. */
async function keepCounted(load: (signal: AbortSignal) => Promise<Values>, state: Signal<ValuesState>, signal: AbortSignal): Promise<void> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const startedAt = performance.now();
    let counted = liveTotal.peek();
    try {
      const fresh = await load(signal);
      const shown = state.peek().values;
      const rows = !isFirst && isTouched.peek() && shown !== null ? inShownOrder(shown.rows, fresh.rows) : fresh.rows;
      if (!signal.aborted) state.value = { values: { ...fresh, rows }, isBusy: false, error: null, nextAttemptAt: null };
    } catch (error) {
      if (signal.aborted) return;
      const isRejected = noteRejection(error);
      const { message, retryAfterMs: delayMs } = error as TidingsError;
      const values = isFirst || isRejected ? null : state.peek().values;
      state.value = { values, isBusy: false, error: message, nextAttemptAt: delayMs === null ? null : Date.now() + delayMs };
      if (isRejected) return;
      if (delayMs !== null) {
        await pause(delayMs, signal);
        continue;
      }
    }
    const leastPauseMs = Math.max(minPauseMs, (performance.now() - startedAt) * pauseFactor);
    if (counted === null) await Promise.race([until(() => liveTotal.value !== null, signal), pause(maxPauseMs, signal)]);
    counted ??= liveTotal.peek(); // at once, so that no later event is taken for a counted one
    await pause(leastPauseMs, signal);
    await Promise.race([until(() => liveTotal.value !== counted, signal), pause(maxPauseMs, signal)]);
    await until(() => isLive.value && isSeen.value, signal);
  }
}

const minPauseMs = 4000;
/** Counting takes at most a tenth of the time. */
const pauseFactor = 9;
/** Values that other conditions exclude can change without the number of matching events. */
const maxPauseMs = 30_000;
