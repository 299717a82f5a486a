/** Runs work in steps at once, where it is known to be short. */
export function runToEnd<R>(steps: Generator<unknown, R>): R {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
