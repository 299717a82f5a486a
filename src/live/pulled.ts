/**
 * An async iterator over a `pull` function: one pull at a time, each asked for by `next`. `return` aborts the signal of
 * a pull that is waiting, and so settles its `next`; the `return` of an async generator would queue behind it, and an
 * idle subscription would never end. A pull must settle soon after its signal aborts.
 */
export function pulled<T>(pull: (signal: AbortSignal) => Promise<T | null>, end: () => void): AsyncIterableIterator<T> {
  const ending = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  const finish = (): void => {
    if (ending.signal.aborted) return;
    ending.abort();
    end();
  };
  const nextValue = async (): Promise<IteratorResult<T>> => {
    if (ending.signal.aborted) return done;
    const value = await pull(ending.signal);
    if (value !== null && !ending.signal.aborted) return { done: false, value };
    finish();
    return done;
  };
  return {
    next() {
      const result = last.then(nextValue);
      last = result.catch(() => undefined);
      return result;
    },
    async return() {
      finish();
      return done;
    },
    async throw(error) {
      finish();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const done = { done: true, value: undefined } as const;
