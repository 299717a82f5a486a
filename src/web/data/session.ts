import { computed, signal } from '@preact/signals';
import { createReader, type ReaderClient } from '../../client/tidings-client.ts';
import { readStored, store } from '../view/storage.ts';

const given = signal<string | null>(readStored('session', 'key') ?? readStored('local', 'key'));

/** The API key of this page; null: none. */
export const key = computed(() => given.value);

/** The client of this server with this key. Another key makes another client. */
export const tidings = computed<ReaderClient>(() => {
  const value = given.value;
  return createReader(location.origin, value === null ? {} : { key: value });
});

/** Uses a key from now on: in this tab, or on this device until it is removed. */
export function setKey(value: string | null, { isRemembered = false } = {}): void {
  store('session', 'key', isRemembered ? null : value);
  store('local', 'key', isRemembered ? value : null);
  const before = tidings.peek();
  given.value = value;
  before.close();
}
