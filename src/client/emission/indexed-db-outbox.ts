import type { Outbox } from './outbox.ts';

/**
 * Keeps events in IndexedDB. An event survives a closed tab once `ready()` has resolved after it.
 * Tabs can share a name: each record is removed only when the server has stored its event.
 */
export function indexedDbOutbox(name: string): Outbox {
  const { indexedDB } = globalThis as unknown as { readonly indexedDB: Factory };
  let database: Promise<Database> | null = null;
  const opened = (): Promise<Database> => (database ??= open(indexedDB, name));
  const change = async (apply: (objects: ObjectStore) => unknown): Promise<void> => {
    const transaction = (await opened()).transaction(store, 'readwrite');
    apply(transaction.objectStore(store));
    await ended(transaction, 'complete');
  };
  let added = 0;
  const prefix = crypto.randomUUID();
  return {
    async open(deliver) {
      const objects = (await opened()).transaction(store, 'readonly').objectStore(store);
      const [keys, texts] = await Promise.all([resultOf(objects.getAllKeys()), resultOf(objects.getAll())]);
      // Those of this client are in the queue already.
      const left = keys.map((key, index) => ({ key, text: String(texts[index]) })).filter(({ key }) => !String(key).endsWith(prefix));
      deliver(left);
    },
    add(text) {
      const key = `${String(Date.now()).padStart(16, '0')}-${String((added += 1)).padStart(12, '0')}-${prefix}`;
      return { key, kept: change((objects) => objects.put(text, key)) };
    },
    remove: (keys) => change((objects) => keys.forEach((key) => objects.delete(key))),
    close: async () => (await database)?.close(),
  };
}

async function open(factory: Factory, name: string): Promise<Database> {
  const request = factory.open(name, 1);
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(store));
  return await resultOf(request);
}

async function resultOf<T>(request: Request<T>): Promise<T> {
  await ended(request, 'success');
  return request.result;
}

function ended(target: Target, success: string): Promise<void> {
  return new Promise((resolve, reject) => {
    target.addEventListener(success, resolve);
    for (const failure of ['error', 'abort'])
      target.addEventListener(failure, () => reject(new Error(`IndexedDB: ${String(target.error)}`)));
  });
}

const store = 'events';

/** What is used of IndexedDB. */
interface Target {
  readonly error: unknown;
  addEventListener(type: string, listener: () => void): void;
}
interface Request<T> extends Target {
  readonly result: T;
}
interface Factory {
  open(name: string, version: number): Request<Database>;
}
interface Database {
  createObjectStore(name: string): unknown;
  transaction(name: string, mode: 'readonly' | 'readwrite'): Target & { objectStore(name: string): ObjectStore };
  close(): void;
}
interface ObjectStore {
  put(value: unknown, key: unknown): unknown;
  delete(key: unknown): unknown;
  getAll(): Request<readonly unknown[]>;
  getAllKeys(): Request<readonly unknown[]>;
}
