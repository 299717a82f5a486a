import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { TidingsError, type TidingsReader } from '../../client/tidings-client.ts';
import { noteRejection } from './server-info.ts';
import { tidings } from './session.ts';
import { isAwake } from './until.ts';

export interface LogFollower {
  /** Follows the log until the signal aborts. Returns when there is nothing more to follow. */
  readonly follow: (client: TidingsReader, signal: AbortSignal) => Promise<void>;
  /** Loads again what is shown. Another `key` follows from it. */
  readonly reload: () => void;
}

/**
 * Follows the log after what a component has loaded, for each key anew.
 *
 * Assumes: `follow` resumes after lost connections, as `eventBatches` does, and continues where it was
 * aborted if it is called again with the same key.
 * Guarantees: it runs while the component is shown and the tab is awake. Where events are missing,
 * and after errors that may pass, what is shown is loaded again. Returns any other error.
 */
export function useLogFollower(key: unknown, { follow, reload }: LogFollower): unknown {
  const failure = useSignal<unknown>(null);
  const client = tidings.value;
  useEffect(() => {
    failure.value = null;
    if (!isAwake.value) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    follow(client, stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted || noteRejection(error)) return;
      if (isMissing(error)) timer = setTimeout(reload, minPauseMs);
      else if (error instanceof TidingsError && error.isTemporary) timer = setTimeout(reload, error.retryAfterMs ?? retryMs);
      else failure.value = error;
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, client, isAwake.value]);
  return failure.value;
}

/** The position belongs to another log, or events after it were removed. */
function isMissing(error: unknown): boolean {
  return error instanceof TidingsError && ['GAP', 'CURSOR_EXPIRED', 'BAD_CURSOR'].includes(error.code);
}

/** Between two servers with different logs behind one address, each reload could find the other one. */
const minPauseMs = 500;
const retryMs = 2000;
