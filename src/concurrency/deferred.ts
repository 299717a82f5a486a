/** A promise that is settled from outside. Its rejection may be ignored. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let [resolve, reject]: [Deferred<T>['resolve'], Deferred<T>['reject']] = [ignore, ignore];
  const promise = new Promise<T>((onValue, onError) => ([resolve, reject] = [onValue, onError]));
  promise.catch(ignore);
  return { promise, resolve, reject };
}

const ignore = (): void => undefined;
