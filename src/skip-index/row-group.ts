import { ColumnsBuilder, type Columns } from './columns/column-chunks.ts';
import type { StoredEvent } from '../event/event.ts';
import { toMicros, type Instant } from '../event/instant.ts';
import { SignatureBuilder } from './bloom-filter-builder.ts';
import { TermCollector } from './term-builder.ts';
import { type Digest, digest } from './block-summary.ts';

/** The digests of some stretches that follow one another, one signature for all of them, to be asked before theirs, and the events' columns. */
export interface Chapter {
  readonly digests: readonly Digest[];
  readonly signature: Uint8Array;
  /** Null where there are no events. */
  readonly columns: Columns | null;
}

/** How many events make a stretch. Fewer: more digests to look through; more: more events to read for one that matches. */
export const stretchLength = 64;

/** How many stretches make a chapter. Fewer: more to look through; more: more events at the log's end without a digest. */
export const chapterLength = 16;

/** Makes one chapter, stretch by stretch. */
export interface Digester {
  /** A stretch: events that follow one another in the log, and the stretch before. */
  add(stretch: readonly StoredEvent[]): void;
  chapter(): Chapter;
}

export function createDigester(): Digester {
  const makers = { terms: new TermCollector(), signature: new SignatureBuilder(), together: new SignatureBuilder() };
  const columns = new ColumnsBuilder();
  const digests: Digest[] = [];
  return {
    add(stretch) {
      const [first, last] = [stretch.at(0)?.position, stretch.at(-1)?.position];
      if (first === undefined || last === undefined) return;
      stretch.forEach((event) => columns.add(event));
      byTime(stretch).forEach((events, part) => digests.push(digest(events, { first, last, part }, makers)));
    },
    chapter: () => ({ digests, signature: makers.together.take(), columns: columns.columns() }),
  };
}

/** The events around the middle time, those long before and those long after; only groups that have any. */
function byTime(stretch: readonly StoredEvent[]): readonly (readonly StoredEvent[])[] {
  const times = stretch.map(({ occurred }) => occurred).toSorted();
  const middle = times[times.length >> 1];
  const [first, last] = [times.at(0), times.at(-1)];
  if (middle === undefined || first === undefined || last === undefined) return [];
  const distanceOf = (time: Instant): bigint => toMicros(time) - toMicros(middle);
  if (distanceOf(first) >= -apart && distanceOf(last) <= apart) return [stretch];
  const groups: [StoredEvent[], StoredEvent[], StoredEvent[]] = [[], [], []];
  for (const event of stretch) {
    const distance = distanceOf(event.occurred);
    groups[distance < -apart ? 1 : distance > apart ? 2 : 0].push(event);
  }
  return groups.filter((group) => group.length > 0);
}

/** Microseconds: an hour. */
const apart = 3_600_000_000n;
