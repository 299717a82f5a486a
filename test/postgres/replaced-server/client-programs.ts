import { WebSocket } from 'ws';
import { createTidings, GapError, type StoredEvent, type Tidings } from '../../../src/client/tidings-client.ts';

/** A program that follows all events with the client package. */
export interface FollowingProgram extends AsyncDisposable {
  /** What its loop received, gaps included, in this order. */
  readonly received: readonly (GapError | { readonly id: string; readonly cursor: string })[];
}

/** Programs that follow, over SSE and over WebSocket. After a gap they go on behind it, as the error says. */
export function startFollowing(url: string, start: string): readonly FollowingProgram[] {
  return [{}, { webSocket: WebSocket }].map((options) => {
    const tidings = createTidings(url, { ...options, retry: { minMs: 20, maxMs: 200 } });
    const received: (GapError | { readonly id: string; readonly cursor: string })[] = [];
    const follow = async (after: string): Promise<void> => {
      try {
        for await (const event of tidings.events({}, { after })) received.push(event);
      } catch (error) {
        if (!(error instanceof GapError)) throw error;
        received.push(error);
        await follow(error.to);
      }
    };
    const following = follow(start);
    return {
      received,
      async [Symbol.asyncDispose]() {
        await tidings.close();
        await following;
      },
    };
  });
}

/** Emits events until it is stopped, some at a time, and keeps the result of each. */
export function startEmitting(url: string, prefix: string) {
  const tidings: Tidings = createTidings(url, { retry: { minMs: 20, maxMs: 200 }, onProblem: () => undefined });
  const results: StoredEvent[] = [];
  const stop = new AbortController();
  const emit = async (): Promise<void> => {
    for (let count = 0; !stop.signal.aborted; count += 3) {
      const some = [0, 1, 2].map((index) => tidings.emit('e', { id: `${prefix}-${count + index}`, resource: 'r' }));
      results.push(...(await Promise.all(some)));
    }
  };
  const emitting = emit();
  return {
    results,
    async stop(): Promise<void> {
      stop.abort();
      await emitting;
      await tidings.close();
    },
  };
}
