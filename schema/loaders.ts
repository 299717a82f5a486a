import DataLoader from 'dataloader';
import { visibleTo, hasFullVisibility, visibilityKeyOf, type VisibleFilter } from '../src/auth/visibility.ts';
import type { Caller } from '../src/auth/caller.ts';
import type { Position } from '../src/event/cursor.ts';
import type { Resource, StoredEvent } from '../src/event/event.ts';
import { everything } from '../src/filter/filter.ts';
import { matches } from '../src/filter/matches.ts';
import { readChains, type Chain } from '../src/store/log/read-chain.ts';
import { readEventsById } from '../src/store/log/events-by-id.ts';
import { readLatestMentions } from '../src/store/queries/latest-mentions.ts';
import type { CountRequest, Page, PageRequest, PageScope, ScopedKeys } from '../src/store/queries/page-request.ts';
import { countEvents, readPages } from '../src/store/queries/pages.ts';
import { AdaptiveBatch } from '../src/store/database/adaptive-batch.ts';
import { readResourceIds, type ResourceRequest } from '../src/store/queries/resource-ids.ts';
import type { Services } from './services.ts';

/**
 * The reads of one operation, all at one head of the log, of what its caller sees, and batched: however many events ask for
 * their followers with the same arguments, it is one statement.
 */
export interface Loaders {
  /** The head that every read here is at, read when first needed. */
  head(): Promise<Position>;
  event(id: string): Promise<StoredEvent | null>;
  page(request: PageRequestAtHead, scope: ScopeWithKey): Promise<Page>;
  /** How many events there are in all, at most `max` + 1. */
  count(request: CountRequestAtHead, scope: ScopeWithKey): Promise<number>;
  /** The event's chain, of at most so many events. */
  chain(event: StoredEvent, maxEvents: number): Promise<Chain>;
  /** A resource as it appeared in the newest event that mentions it, of those that the caller sees. */
  resource(id: string): Promise<Resource | null>;
  /** Resources in the order of their ids, each as it appeared in the newest event that mentions it. */
  resources(request: Omit<ResourceRequest, 'head'>): Promise<readonly Resource[]>;
}

export type PageRequestAtHead = Omit<PageRequest, 'head'> & { readonly filter: VisibleFilter };
export type CountRequestAtHead = Omit<CountRequest, 'head'> & { readonly filter: VisibleFilter };

/** The key that a page is tied to, and how. */
export interface ScopeWithKey {
  readonly scope: PageScope;
  readonly key: string;
}

export function createLoaders({ database, heads }: Pick<Services, 'database' | 'heads'>, caller: Caller): Loaders {
  let head: Promise<Position> | null = null;
  const readHead = (): Promise<Position> => (head ??= heads.head());

  const events = new DataLoader<string, StoredEvent | null>(async (ids) => {
    const found = await readEventsById(database, ids, await readHead());
    return ids.map((id) => visible(found.get(id)));
  });
  const visible = (event: StoredEvent | undefined): StoredEvent | null =>
    event !== undefined && matches(caller.visibilityFilter, event) ? event : null;
  const pages = batchByRequest<PageRequestAtHead, Page>(async (request, scope) =>
    readPages(database, { ...request, head: await readHead() }, scope),
  );
  const counts = batchByRequest<CountRequestAtHead, number>(async (request, scope) =>
    countEvents(database, { ...request, head: await readHead() }, scope),
  );
  const chains = new Map<number, DataLoader<StoredEvent, Chain>>();
  const chainsOf = (maxEvents: number): DataLoader<StoredEvent, Chain> => {
    const known = chains.get(maxEvents);
    if (known !== undefined) return known;
    const made = new DataLoader<StoredEvent, Chain>(async (of) =>
      readChains(database, of, { head: await readHead(), visibilityFilter: caller.visibilityFilter, maxEvents }),
    );
    chains.set(maxEvents, made);
    return made;
  };
  const resources = new DataLoader<string, Resource | null>(async (ids) => {
    if (hasFullVisibility(caller)) {
      const newest = await readLatestMentions(database, ids, await readHead());
      return ids.map((id) => resourceIn(newest.get(id), id));
    }
    const newest = { filter: visibleTo(caller, everything), order: 'NEWEST_FIRST', limit: 1, backward: false } as const;
    const pagesOf = await readPages(database, { ...newest, head: await readHead() }, { scope: 'ANY', keys: ids });
    return ids.map((id, index) => resourceIn(pagesOf[index]?.events[0], id));
  });
  return {
    head: readHead,
    event: (id) => events.load(id),
    page: pages,
    count: counts,
    chain: (event, maxEvents) => chainsOf(maxEvents).load(event),
    resource: (id) => resources.load(id),
    async resources({ idPrefix, after, limit }) {
      const found: Resource[] = [];
      const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, limit);
      // A second statement is needed only where retention has just removed resources, a chapter came after the head, or the
      // caller does not see all; then it may take many, and whoever sees little had better ask for a prefix.
      for (let [from, size] = [after, limit]; ; size = Math.max(size, Math.min(2 * size, maxIdsPerRead))) {
        const ids = await readResourceIds(database, { idPrefix, after: from, head: await readHead(), limit: size });
        const nodes = await Promise.all(ids.map((id) => resources.load(id)));
        found.push(...nodes.filter((each) => each !== null));
        if (found.length >= limit || ids.length < size) return found.slice(0, limit);
        from = ids.at(-1) ?? from;
        adaptiveBatch.checkDeadline();
      }
    },
  };
}

/**
 * Reads for what is executed now. One context serves a whole subscription, and each of its messages reads the log as it is
 * then; those that are executed in the same turn of the event loop for callers that see the same share their statements.
 */
export function currentLoaders({ services, caller }: { readonly services: Services; readonly caller: Caller }): Loaders {
  const visibilityKey = visibilityKeyOf(caller);
  const known = loadersOfTick.get(services);
  const made = known?.get(visibilityKey) ?? createLoaders(services, caller);
  if (known === undefined) {
    loadersOfTick.set(services, new Map([[visibilityKey, made]]));
    process.nextTick(() => loadersOfTick.delete(services));
  } else known.set(visibilityKey, made);
  return made;
}

const loadersOfTick = new WeakMap<Services, Map<string, Loaders>>();

/** Loads by key, the loads of equal questions together. Questions are plain data. */
function batchByRequest<Request, Result>(
  read: (request: Request, scope: ScopedKeys) => Promise<readonly Result[]>,
): (request: Request, scope: ScopeWithKey) => Promise<Result> {
  const loaders = new Map<string, DataLoader<string, Result>>();
  return (request, { scope, key }) => {
    const loaderKey = JSON.stringify([scope, request]);
    let loader = loaders.get(loaderKey);
    if (loader === undefined) {
      loader = new DataLoader((keys) => read(request, { scope, keys }));
      loaders.set(loaderKey, loader);
    }
    return loader.load(key);
  };
}

function resourceIn(event: StoredEvent | undefined, id: string): Resource | null {
  if (event === undefined) return null;
  return event.resource.id === id ? event.resource : (event.related.find((each) => each.id === id) ?? null);
}

/** Ids looked up at once, where few of them are those of kept resources. */
const maxIdsPerRead = 1000;
