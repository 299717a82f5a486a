import type { TidingsError } from '../wire/client-error.ts';

/** An event that the server has. */
export interface StoredEvent {
  readonly id: string;
  /** DUPLICATE: the same event was stored before, for example by an earlier attempt. */
  readonly status: 'CREATED' | 'DUPLICATE' | (string & {});
  /**
   * Its position in the log; null if the key cannot read it, or if the emission was not awaited when it was sent, since
   * reading positions takes the server time.
   */
  readonly cursor: string | null;
}

/**
 * An event on its way. Its id is known at once. Awaited, it is durable, or the reason why it is not
 * is thrown. Without `await` it never becomes an unhandled rejection; `onUnsent` reports it.
 */
export class Emission implements PromiseLike<StoredEvent> {
  #outcome: StoredEvent | TidingsError | null = null;
  #promise: Promise<StoredEvent> | null = null;
  readonly #observers: ((outcome: StoredEvent | TidingsError) => void)[] = [];

  constructor(readonly id: string) {}

  // oxlint-disable-next-line unicorn/no-thenable -- awaiting is optional, and most programs do not await
  then<A = StoredEvent, B = never>(
    fulfilled?: ((stored: StoredEvent) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#promise ??= new Promise<StoredEvent>((resolve, reject) =>
      this.observe((outcome) => ('status' in outcome ? resolve(outcome) : reject(outcome))),
    );
    return this.#promise.then(fulfilled, rejected);
  }

  /** @internal */
  get isAwaited(): boolean {
    return this.#promise !== null;
  }

  /** @internal */
  observe(observer: (outcome: StoredEvent | TidingsError) => void): void {
    if (this.#outcome === null) this.#observers.push(observer);
    else observer(this.#outcome);
  }

  /** @internal */
  settle(outcome: StoredEvent | TidingsError): void {
    if (this.#outcome !== null) return;
    this.#outcome = outcome;
    for (const observer of this.#observers) observer(outcome);
  }
}
