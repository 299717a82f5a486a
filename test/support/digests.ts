import { createDigester } from '../../src/event/digest.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import type { Database } from '../../src/store/database.ts';
import { storeDigests } from '../../src/store/digests.ts';

/** Stores digests of these events, stretch by stretch: the next ones of the log that have none. */
export async function digest(database: Database, events: readonly StoredEvent[], stretch: number): Promise<void> {
  const digester = createDigester();
  for (let at = 0; at < events.length; at += stretch) await storeDigests(database, digester.digestsOf(events.slice(at, at + stretch)));
}
