import type { EventFilter, EventOf, ReceivedEvent } from './event-types.ts';
import type { Cursor } from './follow/stream-types.ts';
import { operationOf } from './wire/http-wire.ts';
import type { Wire } from './wire/wire.ts';

/** All fields of an event. */
export const eventSelection =
  'id cursor event occurred received resource { id: resourceId name labels } related { id: resourceId role name labels } payload follows: followsId';

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Sends it once, and throws errors that may pass. */
  readonly once?: boolean;
}

type RunOptions = { readonly [K in keyof ReadOptions]: ReadOptions[K] | undefined };

export interface PageRequest<F = EventFilter> extends ReadOptions {
  readonly filter?: F;
  /** 50 by default. */
  readonly first?: number;
  readonly last?: number;
  readonly after?: Cursor;
  readonly before?: Cursor;
  /** NEWEST_FIRST by default. */
  readonly order?: 'NEWEST_FIRST' | 'OLDEST_FIRST' | 'LOG';
  /** Counts the matching events, up to this number. */
  readonly countUpTo?: number;
  /** A GraphQL selection of Event, instead of all fields. */
  readonly select?: string;
}

export interface Page<E> {
  readonly nodes: readonly E[];
  /** Subscribing after it continues from this page with no gap and no repeat. */
  readonly head: Cursor;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: Cursor | null;
  readonly endCursor: Cursor | null;
  /** With `countUpTo`; `exceeded`: there are more. */
  readonly totalCount?: { readonly count: number; readonly exceeded: boolean };
}

export interface Chain<E = ReceivedEvent> {
  readonly root: E;
  /** Nearest first. */
  readonly ancestors: readonly E[];
  readonly descendants: readonly E[];
  readonly missingId: string | null;
  readonly cyclic: boolean;
  readonly truncated: boolean;
}

export interface Resource {
  readonly id: string;
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Explanation {
  readonly description: string;
  readonly index: string;
  readonly indexConditions: readonly string[];
  readonly postFilter: readonly string[];
  readonly estimate: { readonly count: number; readonly exact: boolean };
}

export interface Verdict {
  readonly matches: boolean;
  readonly fails: readonly { readonly path: readonly string[]; readonly expected: string; readonly got: unknown }[];
}

export type CountBy = Readonly<Record<string, unknown>>;

export interface CountsRequest extends ReadOptions {
  /** For example [{ time: { unit: 'DAY' } }, { event: {} }]. */
  readonly by: readonly CountBy[];
  readonly filter?: EventFilter;
  readonly first?: number;
  readonly order?: 'KEY' | 'MOST_FIRST';
}

export interface CountBucket {
  readonly keys: readonly (string | null)[];
  readonly count: number;
  readonly start: string | null;
  readonly end: string | null;
  readonly firstOccurred: string | null;
  readonly lastOccurred: string | null;
}

export interface Counts {
  readonly buckets: readonly CountBucket[];
  readonly total: number;
  /** The position that was counted at. */
  readonly cursor: Cursor;
}

export const bucketSelection = 'keys count start end firstOccurred lastOccurred';

/** A GraphQL document with the types of its result and variables: a text, or what code generators make. */
export type TypedDocument<T, V> = (string | { toString(): string } | { readonly loc?: { readonly source: { readonly body: string } } }) & {
  readonly __apiType?: (variables: V) => T;
};

/** Queries. They are repeated for up to 30 seconds while the server cannot be reached. */
export interface Reading<M> {
  page<const F extends EventFilter = EventFilter>(request?: PageRequest<F>): Promise<Page<EventOf<M, F>>>;
  /** All pages from the first one on. */
  pages<const F extends EventFilter = EventFilter>(request?: PageRequest<F>): AsyncGenerator<Page<EventOf<M, F>>, void>;
  counts(request: CountsRequest): Promise<Counts & { readonly truncated: boolean; readonly zeroFilled: boolean }>;
  event(id: string, options?: ReadOptions): Promise<ReceivedEvent | null>;
  /** The chain of an event; null when it is not stored. */
  chain(id: string, options?: ReadOptions & { readonly maxEvents?: number }): Promise<Chain | null>;
  resource(id: string, options?: ReadOptions): Promise<Resource | null>;
  explain(filter: EventFilter, options?: ReadOptions): Promise<Explanation>;
  whyNot(filter: EventFilter, eventId: string, options?: ReadOptions): Promise<Verdict | null>;
  /** Any operation, sent once: a mutation may not be repeated without knowing it. */
  graphql<T = unknown, V extends object = object>(document: TypedDocument<T, V>, variables?: V, options?: ReadOptions): Promise<T>;
}

export function createReading<M>(wire: Wire, closing: AbortSignal): Reading<M> {
  const run = async <T>(query: string, variables: object, { signal = closing, once = false }: RunOptions = {}): Promise<T> =>
    await (once ? wire.send<T>(operationOf(query, variables), signal) : wire.request<T>(query, variables, signal));
  const page = async <F extends EventFilter>(request: PageRequest<F> = {}): Promise<Page<EventOf<M, F>>> => {
    const { select = eventSelection, signal, once, countUpTo, ...variables } = request;
    const count = countUpTo === undefined ? '' : `totalCount(max: ${Math.floor(countUpTo)}) { count exceeded }`;
    const query = `query Page($filter: EventFilter, $first: Int, $last: Int, $after: Cursor, $before: Cursor, $order: EventOrder) {
      events(filter: $filter, first: $first, last: $last, after: $after, before: $before, order: $order) {
        head nodes { ${select} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } ${count} } }`;
    interface Response {
      readonly events: Omit<Page<EventOf<M, F>>, keyof PageInfo> & { readonly pageInfo: PageInfo };
    }
    const { pageInfo, ...events } = (await run<Response>(query, variables, { signal, once })).events;
    return { ...events, ...pageInfo };
  };
  return {
    page,
    async *pages(request) {
      let next = request;
      for (;;) {
        const each = await page(next);
        yield each;
        if (!each.hasNextPage || each.endCursor === null) return;
        next = { ...(request as typeof request & object), after: each.endCursor };
      }
    },
    async counts({ signal, once, ...variables }) {
      const query = `query Counts($by: [CountBy!]!, $filter: EventFilter, $first: Int, $order: CountOrder) {
        eventCounts(by: $by, filter: $filter, first: $first, order: $order) { cursor: head total truncated zeroFilled buckets { ${bucketSelection} } } }`;
      type Response = { readonly eventCounts: Counts & { readonly truncated: boolean; readonly zeroFilled: boolean } };
      return (await run<Response>(query, variables, { signal, once })).eventCounts;
    },
    event: async (id, options) =>
      (await run<{ event: ReceivedEvent | null }>(`query Event($id: ID!) { event(id: $id) { ${eventSelection} } }`, { id }, options)).event,
    async chain(id, { maxEvents, ...options } = {}) {
      const query = `query Chain($id: ID!, $maxEvents: Int) { event(id: $id) { chain(maxEvents: $maxEvents) {
        root { ...e } ancestors { ...e } descendants { ...e } missingId cyclic truncated } } } fragment e on Event { ${eventSelection} }`;
      return (await run<{ event: { chain: Chain } | null }>(query, { id, maxEvents }, options)).event?.chain ?? null;
    },
    resource: async (id, options) =>
      (await run<{ resource: Resource | null }>('query Resource($id: ID!) { resource(id: $id) { id name labels } }', { id }, options))
        .resource,
    async explain(filter, options) {
      const query = `query Explain($filter: EventFilter!) { explainFilter(filter: $filter) {
        description index indexConditions postFilter estimate { count exact } } }`;
      return (await run<{ explainFilter: Explanation }>(query, { filter }, options)).explainFilter;
    },
    async whyNot(filter, eventId, options) {
      const query = `query WhyNot($filter: EventFilter!, $eventId: ID!) { whyNot(filter: $filter, eventId: $eventId) {
        matches fails { path expected got } } }`;
      return (await run<{ whyNot: Verdict | null }>(query, { filter, eventId }, options)).whyNot;
    },
    async graphql<T>(document: TypedDocument<T, object>, variables: object = {}, { signal = closing }: ReadOptions = {}) {
      const text = typeof document === 'object' && 'loc' in document ? document.loc?.source.body : document;
      return await wire.send<T>(operationOf(String(text), variables), signal);
    },
  };
}

type PageInfo = Pick<Page<unknown>, 'hasNextPage' | 'hasPreviousPage' | 'startCursor' | 'endCursor'>;
