import { TidingsError } from '../errors.ts';
import { notOurs } from './cursor.ts';
import { seal, unseal } from './sealed.ts';
import { unstorable } from './text.ts';

/**
 * The cursors of pages of resources: the id of the last resource. They carry no place in the log and no epoch, since ids
 * mean the same in every log, and a page goes on behind an id whether or not there is such a resource any more.
 *
 *   byte 0    kind: 4 (the others: see cursor)
 *   then      the id in UTF-8
 *   last 4    CRC-32 of all before
 */
export function formatResourceCursor(id: string): string {
  return seal(Buffer.concat([Buffer.of(kind), Buffer.from(id)]));
}

/** The id in a cursor. Throws BAD_CURSOR. */
export function parseResourceCursor(text: string, path: readonly string[]): string {
  const bytes = unseal(text);
  const found = bytes?.[0];
  if (bytes === null || found === undefined) throw notOurs(text, path);
  if (found !== kind) {
    throw new TidingsError('BAD_CURSOR', `${path.join('.')}: expected a cursor from a page of resources, got one of events`, { path });
  }
  const id = bytes.toString('utf8', 1);
  if (id === '' || unstorable(id) !== null || !Buffer.from(id).equals(bytes.subarray(1))) throw notOurs(text, path);
  return id;
}

const kind = 4;
