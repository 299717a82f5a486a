import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { TidingsError, type TidingsReader } from '../../client/tidings-client.ts';
import { noteRejection } from './server-info.ts';
import { tidings } from './session.ts';

/** Something that the server was asked for. */
export interface Remote<T> {
  /** The last result, also while the next one is loaded; undefined before the first. */
  readonly value: T | undefined;
  /** Whether `value` belongs to another key than the present one. */
  readonly isStale: boolean;
  /** Why the last attempt failed. After errors that may pass, another one follows by itself. */
  readonly error: unknown;
  /** When it follows, in milliseconds since 1970; null: none does. */
  readonly nextAttemptAt: number | null;
  readonly retry: () => void;
}

/** Loads a value for a key, again whenever the key or the client changes. A result that is late is dropped. */
export function useRemote<T>(key: string, load: (client: TidingsReader, signal: AbortSignal) => Promise<T>): Remote<T> {
  const result = useSignal<Result<T>>({ key: null, value: undefined, error: null, nextAttemptAt: null });
  const attempt = useSignal(0);
  const client = tidings.value;
  const retry = (): void => {
    attempt.value += 1;
  };
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      try {
        const value = await load(client, stop.signal);
        if (!stop.signal.aborted) result.value = { key, value, error: null, nextAttemptAt: null };
      } catch (error) {
        if (stop.signal.aborted) return;
        noteRejection(error);
        const delayMs = error instanceof TidingsError && error.isTemporary ? (error.retryAfterMs ?? retryMs) : null;
        if (delayMs !== null) timer = setTimeout(retry, delayMs);
        result.value = { ...result.peek(), error, nextAttemptAt: delayMs === null ? null : Date.now() + delayMs };
      }
    };
    void run();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, client, attempt.value]);
  const { value, error, nextAttemptAt } = result.value;
  return { value, error, nextAttemptAt, isStale: result.value.key !== key, retry };
}

type Result<T> = Pick<Remote<T>, 'value' | 'error' | 'nextAttemptAt'> & { readonly key: string | null };

const retryMs = 2000;
