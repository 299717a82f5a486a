import { computed, signal } from '@preact/signals';
import { createTidings, type Tidings } from '../../client/tidings-client.ts';

const storageName = 'tidings.key';
const given = signal<string | null>(sessionStorage.getItem(storageName) ?? localStorage.getItem(storageName));

/** The API key of this page; null: none. */
export const key = computed(() => given.value);

/** The client of this server with this key. Another key makes another client. */
export const tidings = computed<Tidings>(() => {
  const value = given.value;
  return createTidings(location.origin, value === null ? {} : { key: value });
});

/** Uses a key from now on: in this tab, or on this device until it is removed. */
export function setKey(value: string | null, { isRemembered = false } = {}): void {
  for (const storage of [sessionStorage, localStorage]) storage.removeItem(storageName);
  if (value !== null) (isRemembered ? localStorage : sessionStorage).setItem(storageName, value);
  const before = tidings.peek();
  given.value = value;
  void before.close({ timeoutMs: 0 });
}
