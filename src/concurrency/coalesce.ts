/**
 * One read for many callers at once. Promises: every answer comes from a read that began after the call, so that it
 * includes whatever was acknowledged before; callers that come while a read is under way share the next one.
 */
export function sharedRead<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  let next: Promise<T> | null = null;
  const begin = async (): Promise<T> => {
    try {
      return await read();
    } finally {
      underWay = null;
    }
  };
  return () => {
    if (next !== null) return next;
    if (underWay === null) return (underWay = begin());
    return (next = underWay.then(ignore, ignore).then(() => {
      next = null;
      return (underWay = begin());
    }));
  };
}

const ignore = (): void => undefined;
