import { timeLimitExceeded } from './unavailable.ts';

/** A check that throws LIMIT_EXCEEDED once `ms` milliseconds have passed, for a question that takes several statements; never for 0. */
export function deadline(ms: number): () => void {
  const end = performance.now() + ms;
  return () => {
    if (ms > 0 && performance.now() > end) throw timeLimitExceeded(ms);
  };
}
