import { networkOf } from './client.ts';

/** Bounds the open connections of each key and each address: WebSockets, and streams over HTTP. */
export class ConnectionLimit {
  private readonly open = new Map<string, number>();

  constructor(private readonly max: number) {}

  /**
   * Counts a connection until the result is disposed. Null: the address has as many as the limit
   * allows.
   */
  acquireForAddress(address: string): Disposable | null {
    return this.acquire(`address ${networkOf(address)}`);
  }

  /** The same for a key. Callers without a key are counted by address only. */
  acquireForKey(keyId: string | null): Disposable | null {
    return keyId === null ? unlimited : this.acquire(`key ${keyId}`);
  }

  /** The message for a connection beyond the limit. */
  get exceededMessage(): string {
    return `expected at most ${this.max} open WebSockets and streams of one key or address, got another one; close some first`;
  }

  private acquire(client: string): Disposable | null {
    const count = this.open.get(client) ?? 0;
    if (count >= this.max) return null;
    this.open.set(client, count + 1);
    let isOpen = true;
    return {
      [Symbol.dispose]: () => {
        if (isOpen) this.release(client);
        isOpen = false;
      },
    };
  }

  private release(client: string): void {
    const remaining = (this.open.get(client) ?? 1) - 1;
    if (remaining > 0) this.open.set(client, remaining);
    else this.open.delete(client);
  }
}

const unlimited: Disposable = { [Symbol.dispose]: () => undefined };
