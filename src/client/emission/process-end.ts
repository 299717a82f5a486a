export interface ProcessEndParts {
  /** The number of events that wait. */
  readonly waiting: () => number;
  /** Sends what waits, and reports what it could not send; then nothing waits, unless events were emitted meanwhile. */
  readonly finish: () => Promise<void>;
  /** Reports what waits, without delay. */
  readonly giveUp: () => void;
  readonly sendBeforeUnload: () => void;
}

export interface ProcessEnd {
  /** Begins to watch for the end, if it does not yet. */
  watch(): void;
  forget(): void;
}

/**
 * Sends what waits before a process ends by itself, and when a page is hidden, after which it may be
 * discarded. Installs no signal handlers. Reports what could not be sent, and what `process.exit`
 * cuts off.
 */
export function onProcessEnd({ waiting, finish, giveUp, sendBeforeUnload }: ProcessEndParts): ProcessEnd {
  const { process, document } = globalThis as unknown as { process?: Emitter & { readonly versions?: object }; document?: Page };
  let isWatching = false;
  // Node emits the event again when the work that it began is done.
  const beforeExit = (): void => void (waiting() > 0 && finish());
  const exit = (): void => void (waiting() > 0 && giveUp());
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
