/**
 * Probes the server when no statement gets an answer.
 *
 * Why: connections to a machine that has lost its power or its network stay open. Statements on them
 * wait for their deadline, also those that wait for a connection, while another server may have
 * taken over. A new connection finds that one.
 */
export interface StallWatch extends Disposable {
  /** Runs a statement and notes its answer. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** Calls `probe` from `stallMs` after the last answer on, one at a time, while statements wait. */
export function startStallWatch(probe: () => Promise<void>, stallMs: number = defaultStallMs): StallWatch {
  let pending = 0;
  let answeredAt = 0;
  let isProbing = false;
  const check = async (): Promise<void> => {
    if (pending === 0 || isProbing || performance.now() - answeredAt < stallMs) return;
    isProbing = true;
    await probe().catch(() => undefined); // the waiting statements report it
    isProbing = false;
  };
  const timer = setInterval(() => void check(), stallMs / 2).unref();
  return {
    async run(work) {
      if (pending === 0) answeredAt = performance.now();
      pending += 1;
      try {
        return await work();
      } finally {
        pending -= 1;
        answeredAt = performance.now();
      }
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Longer than a busy server needs for the head, which is read twice a second. */
const defaultStallMs = 2000;
