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
  readonly retry: () => void;
}

/** Loads a value for a key, again whenever the key or the client changes. A result that is late is dropped. */
export function useRemote<T>(key: string, load: (client: TidingsReader, signal: AbortSignal) => Promise<T>): Remote<T> {
  const result = useSignal<{ readonly key: string | null; readonly value: T | undefined; readonly error: unknown }>({
    key: null,
    value: undefined,
    error: null,
  });
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
        if (!stop.signal.aborted) result.value = { key, value, error: null };
      } catch (error) {
        if (stop.signal.aborted) return;
        noteRejection(error);
        result.value = { ...result.peek(), error };
        if (error instanceof TidingsError && error.isTemporary) timer = setTimeout(retry, error.retryAfterMs ?? retryMs);
      }
    };
    void run();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, client, attempt.value]);
  const { value, error } = result.value;
  return { value, error, isStale: result.value.key !== key, retry };
}

const retryMs = 2000;
