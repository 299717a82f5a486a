import type { ExecutionResult } from 'graphql';
import { maxIdLength } from './invalid-message.ts';

/**
 * The operations of one WebSocket, to end those that its client completes or leaves.
 *
 * Why not by graphql-ws? It knows a subscription only once that is set up, and a query never. It
 * also loses a subscription that was completed before, if another one has taken its id meanwhile.
 *
 * Guarantees: after `completedBy` its message, and after `endAll` all, an operation that is being
 * executed has an aborted signal, and the results of a subscription have ended.
 */
export class RunningOperations {
  /** An AbortController only while an operation is executed or set up, since subscriptions are many. */
  private readonly running = new Map<string, AbortController | Results>();

  begin(id: string): RunningOperation {
    const { running } = this;
    const left = new AbortController();
    running.set(id, left);
    const endOperation = (expected: AbortController | Results): void => {
      if (running.get(id) === expected) running.delete(id);
    };
    return {
      signal: left.signal,
      async setUp(results) {
        if (left.signal.aborted) {
          await results.return?.();
          return;
        }
        running.set(id, results);
        void results.next().then(() => endOperation(results)); // it yields nothing and only ends
      },
      end: () => endOperation(left),
    };
  }

  /** Ends the operation that this message completes, if it is such a message. */
  completedBy(message: string): void {
    // Not every message, because those with events are large.
    if (message.length > maxCompleteLength || !message.includes('complete')) return;
    const id = completedId(message);
    const found = id === null ? undefined : this.running.get(id);
    if (id === null || found === undefined) return;
    this.running.delete(id);
    end(found);
  }

  endAll(): void {
    for (const each of this.running.values()) end(each);
    this.running.clear();
  }
}

/** Exactly one of `setUp` and `end` is called. */
export interface RunningOperation {
  /** Aborts when its client has left. */
  readonly signal: AbortSignal;
  /** Call when a subscription has results, which yield nothing and only end. */
  setUp(results: Results): Promise<void>;
  /** Call when the operation has its result. */
  end(): void;
}

type Results = AsyncIterableIterator<ExecutionResult>;

function end(operation: AbortController | Results): void {
  if (operation instanceof AbortController) operation.abort();
  else void operation.return?.();
}

function completedId(message: string): string | null {
  try {
    const { id, type } = JSON.parse(message) as { readonly id?: unknown; readonly type?: unknown };
    return type === 'complete' && typeof id === 'string' ? id : null;
  } catch {
    return null; // graphql-ws closes the socket
  }
}

/** Each character of an id can be an escape sequence of six. */
const maxCompleteLength = 6 * maxIdLength + 100;
