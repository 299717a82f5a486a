import type { CountBucket } from '../../counts/buckets.ts';
import type { Position } from '../../event/cursor.ts';

/** What a live count says. Adding up, from a SNAPSHOT on, gives what a query would say at the last message's cursor. */
export interface CountsUpdate {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly buckets: readonly CountBucket[];
  readonly total: number;
  readonly cursor: Position;
  /** Of updates with the same identity the content is the same. */
  readonly identity: string;
}
