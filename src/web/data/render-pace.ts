import { isHeld } from './hold.ts';

let notBefore = 0;
let publishedAt = 0;
let stillUntil = 0;

/**
 * Publishes with a frame. Rendering gets at most a fifth of the time: the pause is four times as long
 * as the last rendering took. In a hidden tab, changes are published once a second.
 */
export function schedulePublish(publish: () => void): void {
  const run = (): void => {
    const wait = isHeld.peek() ? 0 : stillMs();
    if (wait > 0) return void setTimeout(run, wait);
    publishedAt = performance.now();
    publish();
  };
  if (document.hidden) return void setTimeout(run, hiddenMs);
  const wait = notBefore - performance.now();
  if (wait > frameMs) setTimeout(() => requestAnimationFrame(run), wait - frameMs);
  else requestAnimationFrame(run);
}

/** The list calls it when it has rendered what was published. */
export function noteRendered(): void {
  const now = performance.now();
  if (publishedAt > 0) notBefore = now + Math.min(4 * (now - publishedAt), maxPauseMs);
  publishedAt = 0;
}

/** The pointer is on its way to a row: rows stay where they are for a moment. */
export function keepStill(): void {
  stillUntil = performance.now() + pointerMs;
}

/** How long rows stay where they are: milliseconds. */
export function stillMs(): number {
  return Math.max(0, stillUntil - performance.now());
}

const frameMs = 16;
const hiddenMs = 1000;
const maxPauseMs = 200;
const pointerMs = 400;
