import { stringifyJson } from '../src/json/stringify-json.ts';
import DataLoader from 'dataloader';
import type { Caller } from '../src/auth/caller.ts';
import { hasFullVisibility, visibleTo, visibilityKeyOf, type VisibleFilter } from '../src/auth/visibility.ts';
import type { Position } from '../src/event/cursor.ts';
import { allButPayload, type Resource, type StoredEvent } from '../src/event/event.ts';
import { everything } from '../src/filter/filter.ts';
import { AdaptiveBatch } from '../src/store/database/adaptive-batch.ts';
import type { Database } from '../src/store/database/database.ts';
import { withParts, type ReadBudget } from '../src/store/database/read-budget.ts';
import { readEventsById } from '../src/store/log/events-by-id.ts';
import type { HeadReading } from '../src/store/log/log-head.ts';
import { readChains, type Chain } from '../src/store/log/read-chain.ts';
import { readNewestStates } from '../src/store/resources/newest-states.ts';
import type { CountRequest, Page, PageRequest, PageScope, ScopedKeys } from '../src/store/queries/page-request.ts';
import { countEvents, readPages, readPagesWithHead } from '../src/store/queries/pages.ts';
import { readResourceIds, type ResourceRequest } from '../src/store/queries/resource-ids.ts';
import { readVisibleResourceIds } from '../src/store/resources/visible-resource-ids.ts';
import type { Services } from './services.ts';

/**
 * The reads of one operation: at one head of the log, limited to the events that the caller sees,
 * and batched. Followers of any number of events with the same arguments are one statement.
 */
export interface Loaders {
  /** For reads that need no batching. */
  readonly database: Database;
  /** The head of all these reads; read from the database on first use. */
  head(): Promise<Position>;
  event(id: string): Promise<StoredEvent | null>;
  page(request: PageRequestAtHead, scope: ScopeWithKey): Promise<Page>;
  /** The number of matching events, at most `max` + 1. */
  count(request: CountRequestAtHead, scope: ScopeWithKey): Promise<number>;
  /** The event's chain, cut to `maxEvents`. */
  chain(event: StoredEvent, maxEvents: number): Promise<Chain>;
  /** A resource as described by the newest event that mentions it and that the caller sees. */
  resource(id: string): Promise<Resource | null>;
  /** Resources ordered by id, each as in `resource`. */
  resources(request: Omit<ResourceRequest, 'head'>): Promise<readonly Resource[]>;
}

export type PageRequestAtHead = Omit<PageRequest, 'head'> & { readonly filter: VisibleFilter };
export type CountRequestAtHead = Omit<CountRequest, 'head'> & { readonly filter: VisibleFilter };

/** The scope of a page: the resource or event that its events refer to, and how. */
export interface ScopeWithKey {
  readonly scope: PageScope;
  readonly key: string;
}

/** `database`: for reads of this operation (Database.reads). */
export function createLoaders(
  { database, heads }: Pick<Services, 'database' | 'heads'>,
  { caller, budget }: { readonly caller: Caller; readonly budget: ReadBudget },
): Loaders {
  let head: Promise<Position> | null = null;
  const readHead = (): Promise<Position> => (head ??= heads.head());
  /** For the first read of the operation, which reads the head of all others with its first statement. */
  const readWithHead = <T>(read: (reading: HeadReading) => Promise<T>): Promise<T> =>
    heads.readWith(database, (reading) => {
      head = reading.head;
      return read(reading);
    });

  const events = new DataLoader<string, StoredEvent | null>(async (ids) => {
    const visible = { filter: caller.visibilityFilter, budget };
    const found =
      head === null
        ? await readWithHead((reading) => readEventsById(reading.database, ids, { ...visible, head: reading.head }))
        : await readEventsById(database, ids, { ...visible, head: await head });
    return ids.map((id) => found.get(id) ?? null);
  });
  const pages = batchByRequest<PageRequestAtHead, Page>(async (request, scope) =>
    head === null
      ? readWithHead((reading) => readPagesWithHead(reading, request, { ...scope, budget }))
      : readPages(database, { ...request, head: await head }, { ...scope, budget }),
  );
  const counts = batchByRequest<CountRequestAtHead, number>(async (request, scope) =>
    countEvents(database, { ...request, head: await readHead() }, scope),
  );
  const chains = new Map<number, DataLoader<StoredEvent, Chain>>();
  const chainsOf = (maxEvents: number): DataLoader<StoredEvent, Chain> => {
    const known = chains.get(maxEvents);
    if (known !== undefined) return known;
    const made = new DataLoader<StoredEvent, Chain>(async (of) =>
      readChains(database, of, { head: await readHead(), visibilityFilter: caller.visibilityFilter, maxEvents, budget }),
    );
    chains.set(maxEvents, made);
    return made;
  };
  const resources = new DataLoader<string, Resource | null>(async (ids) => {
    // A resource is in the labels and related resources of its newest event, whatever is selected.
    const ofResources = withParts(budget, allButPayload);
    const newest = await readNewestStates(database, ids, {
      head: await readHead(),
      filter: visibleTo(caller, everything),
      budget: ofResources,
    });
    return ids.map((id) => resourceIn(newest.get(id), id));
  });
  return {
    database,
    head: readHead,
    event: (id) => events.load(id),
    page: pages,
    count: counts,
    chain: (event, maxEvents) => chainsOf(maxEvents).load(event),
    resource: (id) => resources.load(id),
    async resources({ idPrefix, after, limit }) {
      const found: Resource[] = [];
      const adaptiveBatch = new AdaptiveBatch(database.statementTimeout, limit);
      // One read suffices unless retention has just removed resources, or a row group was added after
      // the head.
      for (let [from, size] = [after, limit]; ; size = Math.max(size, Math.min(2 * size, maxIdsPerRead))) {
        const request = { idPrefix, after: from, head: await readHead(), limit: size };
        const ids = hasFullVisibility(caller)
          ? await readResourceIds(database, request)
          : await readVisibleResourceIds(database, request, caller.visibilityFilter);
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
 * Loaders for the current turn of the event loop. One context serves a whole subscription, and each
 * of its messages reads the log at the current head. Messages of the same turn share statements if
 * their callers have the same visibility; so no caller that leaves cancels them.
 */
export function currentLoaders({ services, caller }: { readonly services: Services; readonly caller: Caller }): Loaders {
  const visibilityKey = visibilityKeyOf(caller);
  const known = loadersOfTick.get(services);
  const made =
    known?.get(visibilityKey) ??
    createLoaders(
      { ...services, database: services.database.reads({ client: visibilityKey }) },
      { caller, budget: services.budgets.forMessages() },
    );
  if (known === undefined) {
    loadersOfTick.set(services, new Map([[visibilityKey, made]]));
    process.nextTick(() => loadersOfTick.delete(services));
  } else known.set(visibilityKey, made);
  return made;
}

/** Returns a loader that reads keys with equal requests in one batch. Requests are compared as JSON. */
function batchByRequest<Request, Result>(
  read: (request: Request, scope: ScopedKeys) => Promise<readonly Result[]>,
): (request: Request, scope: ScopeWithKey) => Promise<Result> {
  const loaders = new Map<string, DataLoader<string, Result>>();
  return (request, { scope, key }) => {
    const loaderKey = stringifyJson([scope, request]);
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

/** The maximum number of ids per read when many of them have no event at the head. */
const maxIdsPerRead = 1000;

const loadersOfTick = new WeakMap<Services, Map<string, Loaders>>();
