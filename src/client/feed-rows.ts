/** What the list needs of an event. */
export interface FeedEvent {
  readonly id: string;
  readonly cursor: string;
  /** UTC with microseconds. */
  readonly occurred: string;
  readonly received?: string;
}

/** An event in the list. */
export interface EventRow<E> {
  readonly event: E;
  readonly gap: null;
  readonly occurred: string;
  /** Later in the log is greater: live events count up from 1, those of pages down from 0. */
  rank: number;
  /** When it was shown as a live event, on the clock of `performance.now`; null for events of pages. */
  readonly arrivedAt: number | null;
  /** About its size in memory. */
  readonly bytes: number;
}

/** A line in the list where events are missing. */
export interface GapRow {
  readonly event: null;
  readonly gap: FeedGap;
  readonly occurred: string;
  readonly rank: number;
}

export interface FeedGap {
  /** Unique in the list, and never the id of an event. */
  readonly id: string;
  /** RETENTION or LOG_REPLACED; a newer server can have others. */
  readonly reason: string;
  /** When the newest event below it was received; null: unknown. */
  readonly after: string | null;
  /** When it was noticed. */
  readonly noticed: string;
}

export type FeedRow<E> = EventRow<E> | GapRow;

/** Live events that wait. */
export interface Held {
  /** All, late ones too. */
  readonly count: number;
  /** Those that belong below the first row, or were received over a minute after they occurred. */
  readonly late: number;
  /** If they are not kept: where the log is to be read again to show them. */
  readonly after: string | null;
}

/** Latest first; of one time, later in the log first. */
export function byOccurred(a: FeedRow<unknown>, b: FeedRow<unknown>): number {
  if (a.occurred !== b.occurred) return a.occurred < b.occurred ? 1 : -1;
  return b.rank - a.rank;
}

/** Later in the log first. */
export function byRank(a: FeedRow<unknown>, b: FeedRow<unknown>): number {
  return b.rank - a.rank;
}

/** Whether an event was received over a minute after it occurred. */
export function isDelayed({ occurred, received }: FeedEvent): boolean {
  return received !== undefined && Date.parse(received) - Date.parse(occurred) > minDelayMs;
}

/** About the bytes that a value takes in the memory of a browser, whose pointers have four bytes. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return 12 + value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = 12;
  for (const each of Object.values(value)) bytes += 4 + bytesOf(each);
  return bytes;
}

const minDelayMs = 60_000;
