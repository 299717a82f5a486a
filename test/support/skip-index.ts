import { createDigester, type Chapter } from '../../src/skip-index/row-group.ts';
import type { StoredEvent } from '../../src/event/event.ts';
import type { Database } from '../../src/store/database/database.ts';
import { storeChapter } from '../../src/store/skip-index/row-groups.ts';

export interface Lengths {
  /** Events of a stretch. */
  readonly stretch: number;
  /** Events of a chapter. */
  readonly chapter: number;
}

/** Stores digests of these events: the next ones of the log that have none. */
export async function digest(database: Database, events: readonly StoredEvent[], lengths: Lengths): Promise<void> {
  for (const chapter of chaptersOf(events, lengths)) await storeChapter(database, chapter);
}

/** The chapters of these events; the last one may be short. */
export function* chaptersOf(events: readonly StoredEvent[], { stretch, chapter }: Lengths): Iterable<Chapter> {
  for (let at = 0; at < events.length; at += chapter) {
    const digester = createDigester();
    const end = Math.min(at + chapter, events.length);
    for (let from = at; from < end; from += stretch) digester.add(events.slice(from, Math.min(from + stretch, end)));
    yield digester.chapter();
  }
}
