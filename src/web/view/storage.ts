/** Storage of this browser: `local` on this device, `session` in this tab. */
export type StorageKind = 'local' | 'session';

/** Reads a text; null if there is none, or if the browser allows the page no storage. */
export function readStored(kind: StorageKind, name: string): string | null {
  return attempt(() => storageOf(kind).getItem(prefix + name)) ?? null;
}

/** Keeps a text; null removes it. Without storage it is kept until the page is left, by the caller. */
export function store(kind: StorageKind, name: string, value: string | null): void {
  attempt(() => {
    if (value === null) storageOf(kind).removeItem(prefix + name);
    else storageOf(kind).setItem(prefix + name, value);
  });
}

function storageOf(kind: StorageKind): Storage {
  return kind === 'local' ? localStorage : sessionStorage;
}

/** Storage throws where it is switched off or full. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

const prefix = 'tidings.';
