/**
 * Shares one read among concurrent callers.
 *
 * Guarantees: each result comes from a read that began after the call, so it includes everything
 * acknowledged before. Callers that arrive during a read share the next one.
 */
export function coalescedRead<T>(read: () => Promise<T>): () => Promise<T> {
  let inFlight: Promise<T> | null = null;
  let next: Promise<T> | null = null;
  const start = async (): Promise<T> => {
    try {
      return await read();
    } finally {
      inFlight = null;
    }
  };
  return () => {
    if (next !== null) return next;
    if (inFlight === null) return (inFlight = start());
    return (next = inFlight.then(ignore, ignore).then(() => {
      next = null;
      return (inFlight = start());
    }));
  };
}

const ignore = (): void => undefined;
