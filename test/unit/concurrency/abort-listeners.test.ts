import { expect, test } from 'vitest';
import { abortListeners } from '../../../src/concurrency/abort-listeners.ts';

test('the listeners of a signal are called once when it aborts, without those that were removed', () => {
  const ending = new AbortController();
  const called: string[] = [];
  const removed = (): void => void called.push('removed');
  abortListeners(ending.signal).add(() => called.push('first'));
  abortListeners(ending.signal).add(removed);
  abortListeners(ending.signal).add(() => called.push('last'));
  abortListeners(new AbortController().signal).add(() => called.push('of another signal'));
  abortListeners(ending.signal).delete(removed);
  ending.abort();
  ending.abort();
  expect(called).toEqual(['first', 'last']);
});
