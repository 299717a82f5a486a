import type { Tidings } from '../../../../src/client/tidings-client.ts';
import { TidingsError, type FollowOptions, type PageRequest, type StreamMessage } from '../../../../src/client/tidings-client.ts';

export interface Stored {
  readonly id: string;
  readonly cursor: string;
  readonly occurred: string;
  readonly received: string;
}

/** A log whose pages and messages arrive when a test lets them. Cursors are positions. */
export interface LogServer {
  readonly tidings: Tidings;
  /** Stores events that occurred at these times, 0 to 9. */
  store(times: readonly number[]): void;
  plainQuery(order: 'occurred' | 'log'): readonly Stored[];
  /** Delivers so many events of the open stream. */
  deliver(count: number): Promise<void>;
  /** Lets the oldest page that was read arrive. */
  respond(): Promise<void>;
  respondAll(): Promise<void>;
  /** The oldest page fails. */
  fail(): Promise<void>;
  disconnect(): Promise<void>;
  /** The next message says that events up to the end of the log are gone. */
  removeAll(reason: string): void;
  isLive(): boolean;
  settle(): Promise<void>;
}

export function createLogServer(): LogServer {
  const log: Stored[] = [];
  const pages: { readonly arrive: () => void; readonly fail: () => void }[] = [];
  let gap: string | null = null;
  let stream: { allowed: number; isLive: boolean; isCut: boolean; wake: () => void } | null = null;

  const plainQuery = (order: 'occurred' | 'log'): readonly Stored[] => {
    const reversed = log.toReversed();
    return order === 'log' ? reversed : reversed.toSorted((a, b) => (a.occurred === b.occurred ? 0 : a.occurred < b.occurred ? 1 : -1));
  };
  /** Edge cursors of the order NEWEST_FIRST are ids with a mark, so that a cursor of the log in their place is noticed. */
  const read = ({ filter, first, last, after, before, order }: PageRequest) => {
    const isLog = order === 'LOG';
    const all = isLog ? log : plainQuery('occurred');
    const edge = ({ id, cursor }: Stored): string => (isLog ? cursor : `edge ${id}`);
    const indexOf = (cursor: string): number => {
      const index = all.findIndex((event) => edge(event) === cursor);
      if (index === -1) throw new TidingsError('BAD_CURSOR', cursor);
      return index;
    };
    const from = after === undefined ? 0 : indexOf(after) + 1;
    const to = before === undefined ? all.length : indexOf(before);
    const matching = all.slice(from, to).filter(({ id }) => filter?.id?.includes(id) ?? true);
    const nodes = first === undefined ? matching.slice(-(last ?? 0)) : matching.slice(0, first);
    return {
      nodes,
      head: String(log.length),
      hasNextPage: first !== undefined && nodes.length < matching.length,
      hasPreviousPage: first === undefined && nodes.length < matching.length,
      startCursor: nodes[0] === undefined ? null : edge(nodes[0]),
      endCursor: nodes.at(-1) === undefined ? null : edge(nodes.at(-1)!),
    };
  };
  const page = (request: PageRequest): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const result = read(request);
      const signal = request.signal;
      const end = (settle: () => void) => () => (signal?.aborted === true ? reject(signal.reason as Error) : settle());
      pages.push({
        arrive: end(() => resolve(result)),
        fail: end(() => reject(new TidingsError('UNAVAILABLE', 'no', { retryAfterMs: 1 }))),
      });
    });
  async function* follow(_filter: unknown, { after, onState, signal }: FollowOptions): AsyncGenerator<StreamMessage<Stored>> {
    let at = Number(after);
    const own = { allowed: 0, isLive: false, isCut: false, wake: () => {} };
    stream = own;
    signal?.addEventListener('abort', () => own.wake());
    onState?.({ is: 'connecting' });
    while (signal?.aborted !== true) {
      if (own.isCut) {
        onState?.({ is: 'waiting', delayMs: 1, error: new TidingsError('UNAVAILABLE', 'cut') });
        onState?.({ is: 'connecting' });
        [own.isCut, own.isLive] = [false, false];
      }
      const events = log.slice(at, at + Math.min(own.allowed, 3));
      if (gap !== null) {
        const [from, reason] = [String(at), gap];
        [gap, at] = [null, log.length];
        yield { __typename: 'Gap', from, to: String(at), reason };
      } else if (events.length > 0) {
        if (!own.isLive) onState?.({ is: 'catching-up' });
        own.allowed -= events.length;
        const previous = String(at);
        at += events.length;
        yield { __typename: 'EventBatch', previous, cursor: String(at), events };
      } else if (!own.isLive && at === log.length) {
        own.isLive = true;
        onState?.({ is: 'live' });
        yield { __typename: 'CaughtUp', cursor: String(at) };
      } else {
        own.allowed = 0;
        await new Promise<void>((resolve) => (own.wake = resolve));
      }
    }
  }
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
  };
  const wake = async (): Promise<void> => {
    stream?.wake();
    await settle();
  };
  return {
    tidings: { page, stream: follow } as unknown as Tidings,
    store(times) {
      for (const time of times) {
        const cursor = String(log.length + 1);
        log.push({ id: `e${cursor}`, cursor, occurred: `2026-01-01T00:00:00.00000${time}Z`, received: '2026-01-01T00:00:01.000000Z' });
      }
    },
    plainQuery,
    async deliver(count) {
      if (stream !== null) stream.allowed = count;
      await wake();
    },
    async respond() {
      pages.shift()?.arrive();
      await settle();
    },
    async respondAll() {
      while (pages.length > 0) {
        pages.shift()?.arrive();
        await settle();
      }
    },
    async fail() {
      pages.shift()?.fail();
      // The feed waits for a moment of real time.
      await new Promise((resolve) => setTimeout(resolve, 0));
      await settle();
    },
    async disconnect() {
      if (stream !== null) stream.isCut = true;
      await wake();
    },
    removeAll: (reason) => void (gap = reason),
    isLive: () => stream?.isLive === true,
    settle,
  };
}
