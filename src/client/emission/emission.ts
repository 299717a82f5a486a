import type { TidingsError } from '../wire/client-error.ts';

/** An event that the server has. */
export interface StoredEvent {
  readonly id: string;
  /** DUPLICATE: the same event was stored before, for example by an earlier attempt. */
  readonly status: 'CREATED' | 'DUPLICATE' | (string & {});
  /** Its position in the log; null if the key cannot read it. */
  readonly cursor: string | null;
}

/**
 * An event on its way. Its id is known at once. Awaited, it is durable, or the reason why it is not
 * is thrown. Without `await` it never becomes an unhandled rejection; `onUnsent` reports it.
 */
export class Emission implements PromiseLike<StoredEvent> {
  #outcome: StoredEvent | TidingsError | null = null;
  #promise: Promise<StoredEvent> | null = null;
  #settle: ((outcome: StoredEvent | TidingsError) => void) | null = null;

  constructor(readonly id: string) {}

  // oxlint-disable-next-line unicorn/no-thenable -- awaiting is optional, and most programs do not await
  then<A = StoredEvent, B = never>(
    fulfilled?: ((stored: StoredEvent) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#promise ??= new Promise<StoredEvent>((resolve, reject) => {
      this.#settle = (outcome) => ('status' in outcome ? resolve(outcome) : reject(outcome));
      if (this.#outcome !== null) this.#settle(this.#outcome);
    });
    return this.#promise.then(fulfilled, rejected);
  }

  /** @internal */
  settle(outcome: StoredEvent | TidingsError): void {
    this.#outcome ??= outcome;
    this.#settle?.(this.#outcome);
  }
}
