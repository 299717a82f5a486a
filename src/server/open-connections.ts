import { networkOf } from './client-of.ts';
import type { Caller } from '../auth/caller.ts';
import { TidingsError } from '../errors.ts';

/** What stays open for long, WebSockets and SSE streams: counted by who has them, so that nobody takes all there can be. */
export class OpenConnections {
  private readonly open = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** Counts one of this address until disposed of. Throws LIMIT_EXCEEDED. */
  ofAddress(address: string): Disposable {
    return this.take(`address ${networkOf(address)}`, 'address');
  }

  /** Counts one of this caller's key until disposed of, if it has one. Throws LIMIT_EXCEEDED. */
  ofKey({ keyId }: Caller): Disposable {
    return keyId === null ? nothing : this.take(`key ${keyId}`, 'key');
  }

  private take(client: string, what: string): Disposable {
    const before = this.open.get(client) ?? 0;
    if (before >= this.most) {
      const message = `expected at most ${this.most} WebSockets and streams open with this ${what}, got another one`;
      throw new TidingsError('LIMIT_EXCEEDED', message, { retryAfterMs });
    }
    this.open.set(client, before + 1);
    return { [Symbol.dispose]: () => this.giveBack(client) };
  }

  private giveBack(client: string): void {
    const now = (this.open.get(client) ?? 0) - 1;
    if (now > 0) this.open.set(client, now);
    else this.open.delete(client);
  }
}

const nothing: Disposable = { [Symbol.dispose]: () => undefined };
/** When one of them may have closed: nobody knows. */
const retryAfterMs = 5000;
