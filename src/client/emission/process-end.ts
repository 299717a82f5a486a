export interface ProcessEndParts {
  /** The number of events that wait. */
  readonly waiting: () => number;
  /** An outbox keeps them. */
  readonly isKept: boolean;
  readonly flush: () => Promise<void>;
  readonly sendBeforeUnload: () => void;
}

export interface ProcessEnd {
  /** Begins to watch for the end, if it does not yet. */
  watch(): void;
  forget(): void;
}

/**
 * Sends what waits before a process ends by itself, and when a page is hidden, after which it may be
 * discarded. Installs no signal handlers. Reports what `process.exit` cuts off.
 */
export function onProcessEnd({ waiting, isKept, flush, sendBeforeUnload }: ProcessEndParts): ProcessEnd {
  const { process, document } = globalThis as unknown as { process?: Emitter & { readonly versions?: object }; document?: Page };
  let isWatching = false;
  let isLastAttempt = false;
  const beforeExit = (): void => {
    if (waiting() === 0 || isLastAttempt) return;
    isLastAttempt = true; // the event repeats when the work that it began is done
    void flush().catch(() => undefined);
  };
  const exit = (): void => {
    if (waiting() === 0 || isKept) return;
    // oxlint-disable-next-line no-console -- the process ends, and nothing else can report it
    console.error(`tidings: ${waiting()} events were not stored before the process ended`);
  };
  const hidden = (): void => {
    if (document?.visibilityState === 'hidden') sendBeforeUnload();
  };
  return {
    watch() {
      if (isWatching) return;
      isWatching = true;
      process?.on?.('beforeExit', beforeExit);
      process?.on?.('exit', exit);
      document?.addEventListener?.('visibilitychange', hidden);
    },
    forget() {
      process?.off?.('beforeExit', beforeExit);
      process?.off?.('exit', exit);
      document?.removeEventListener?.('visibilitychange', hidden);
    },
  };
}

interface Emitter {
  on?(event: string, listener: () => void): void;
  off?(event: string, listener: () => void): void;
}

interface Page {
  readonly visibilityState?: string;
  addEventListener?(event: string, listener: () => void): void;
  removeEventListener?(event: string, listener: () => void): void;
}
