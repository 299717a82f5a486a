import { LRUCache } from 'lru-cache';
import type { Position } from '../../event/cursor.ts';
import type { Database } from '../database/database.ts';

/** What searches of a database have found out, for later ones. A search without it finds the same, later. */
export interface SearchMemory {
  /**
   * Index conditions that were too common to search for in the whole log, in each direction of a page, and pruning
   * predicates that too many blocks pass. FREQUENT: the first events may fill a page. COMMON: they did not. A wrong
   * entry costs some statements.
   */
  readonly common: LRUCache<string, Commonness>;
  /** Matches that pages have found, by the filter, and by the order unless they are all. */
  readonly matches: LRUCache<string, KnownMatches>;
  /** The numbers of all matches, by the filter. */
  readonly counts: LRUCache<string, KnownCount>;
  /** The ids of resources, by their prefixes. */
  readonly ids: LRUCache<string, KnownIds>;
}

/** The matches among the events up to a position: all, or the first ones in an order. */
export interface KnownMatches {
  readonly to: Position;
  readonly positions: readonly Position[];
  readonly areAll: boolean;
  readonly search: SearchSpeed;
}

/** Whether the search that found something took one statement and read little else, or more. */
export type SearchSpeed = 'FAST' | 'SLOW';

/** The number of matches among the events from the log start up to a position. */
export interface KnownCount {
  readonly to: Position;
  readonly count: number;
  /** Otherwise there may be more. */
  readonly isExact: boolean;
  /** If it has advanced since, some of the matches may have been removed. */
  readonly logStart: Position;
  readonly search: SearchSpeed;
}

export type Commonness = 'FREQUENT' | 'COMMON';

export interface KnownIds {
  /** A head of the log before they were read. */
  readonly head: Position;
  /** They are all that the events up to this one mention. */
  readonly to: Position;
  /** By prefix, where they are few. */
  readonly few: ReadonlyMap<string, readonly string[]>;
}

export function searchMemoryOf({ identity }: Database): SearchMemory {
  const known = perDatabase.get(identity);
  if (known !== undefined) return known;
  const memory: SearchMemory = {
    common: new LRUCache<string, Commonness>({ ...byShortKeys, ttl: ttlMs }),
    matches: new LRUCache({ maxSize: maxKeptPositions, sizeCalculation: ({ positions }, key) => key.length + positions.length }),
    counts: new LRUCache<string, KnownCount>(byShortKeys),
    ids: new LRUCache({ maxSize: maxIdCharacters, sizeCalculation: ({ few }, key) => key.length + charactersIn(few) }),
  };
  perDatabase.set(identity, memory);
  return memory;
}

function charactersIn(ids: ReadonlyMap<string, readonly string[]>): number {
  return Array.from(ids.values()).reduce((sum, each) => sum + each.reduce((characters, id) => characters + id.length, 0), 0);
}

/** With more later events, a search is faster than testing all of them: that takes some milliseconds, or less than one. */
export const maxLaterAfter: Readonly<Record<SearchSpeed, number>> = { SLOW: 4000, FAST: 256 };
/** With fewer later events, what is remembered stays. */
export const minAdvance = 64;

/** Another log has another identity. */
const perDatabase = new WeakMap<object, SearchMemory>();
/** Longer keys are not kept. */
export const maxKeyLength = 1000;
const byShortKeys = { max: 1000, maxEntrySize: maxKeyLength, sizeCalculation: (_: unknown, key: string) => Math.max(1, key.length) };
/** Events that are common now may be rare later. */
const ttlMs = 600_000;
/** And characters of their filters. */
const maxKeptPositions = 500_000;
const maxIdCharacters = 4_000_000;
