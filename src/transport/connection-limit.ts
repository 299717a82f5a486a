import { networkOf } from './client.ts';

/** How many connections stay open for each key and each address: WebSockets, and streams over HTTP. */
export class Connections {
  private readonly open = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** Counts one more until it is disposed of; null: there are as many as there may be. */
  ofAddress(address: string): Disposable | null {
    return this.take(`address ${networkOf(address)}`);
  }

  /** The same for a key; callers without one are only counted by address. */
  ofKey(keyId: string | null): Disposable | null {
    return keyId === null ? uncounted : this.take(`key ${keyId}`);
  }

  /** What is said to those beyond. */
  get refusal(): string {
    return `expected at most ${this.most} WebSockets and streams of one key or address, got another one; close some first`;
  }

  private take(client: string): Disposable | null {
    const count = this.open.get(client) ?? 0;
    if (count >= this.most) return null;
    this.open.set(client, count + 1);
    let isOpen = true;
    return {
      [Symbol.dispose]: () => {
        if (isOpen) this.give(client);
        isOpen = false;
      },
    };
  }

  private give(client: string): void {
    const left = (this.open.get(client) ?? 1) - 1;
    if (left > 0) this.open.set(client, left);
    else this.open.delete(client);
  }
}

const uncounted: Disposable = { [Symbol.dispose]: () => undefined };
