/** An event that an outbox keeps: an EventInput as JSON. */
export interface OutboxEntry {
  /** Chosen by the outbox. */
  readonly key: unknown;
  readonly text: string;
}

/**
 * Keeps events until the server has acknowledged them, also over the end of the process.
 *
 * Sending an event twice is harmless, because its id is part of it. So an outbox may deliver an
 * event again, but must not forget one.
 */
export interface Outbox {
  /**
   * Begins, and delivers what earlier processes left, once or several times. Rejects if the place
   * cannot be used.
   */
  open(deliver: (entries: readonly OutboxEntry[]) => void): Promise<void> | void;
  /** Keeps an event; returns its key. A promise resolves when it is kept. Throws if it cannot be kept. */
  add(text: string): { readonly key: unknown; readonly kept?: Promise<void> };
  /** Forgets events that are done: always the ones that were added or delivered first. */
  remove(keys: readonly unknown[]): Promise<void> | void;
  close(): Promise<void> | void;
}
