import { TidingsError } from '../../../src/errors.ts';

/**
 * The expected error that a call throws. Without one: the returned value, or the unexpected error.
 */
export function rejection(call: () => unknown): unknown {
  try {
    return { returned: call() };
  } catch (error) {
    return error instanceof TidingsError ? { ...error.extensions, message: error.message } : error;
  }
}
