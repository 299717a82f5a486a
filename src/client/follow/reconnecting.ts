import { tidingsErrorOf, type TidingsError } from '../wire/client-error.ts';
import type { Wire } from '../wire/wire.ts';
import type { StreamState } from './stream-types.ts';

interface ConnectionParts {
  readonly wire: Wire;
  readonly report: (state: StreamState) => void;
  readonly signal: AbortSignal;
}

/**
 * What one connection after the other yields, until one ends by itself or the signal aborts. Throws
 * the errors that waiting does not correct.
 *
 *   connecting ──▶ catching-up ◀──▶ live
 *       ▲               └────┬───────┘
 *       └──── waiting ◀──────┘            any ──▶ closed
 */
export async function* reconnecting<T>(
  { wire, report, signal }: ConnectionParts,
  connect: () => AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  let ended: TidingsError | null = null;
  let wasAccepted = false;
  let rejectedSince: number | null = null;
  /** Whether a later attempt can succeed with another key. */
  const awaitsKey = (): boolean => {
    rejectedSince ??= performance.now();
    return wasAccepted && wire.hasChangingKey && performance.now() - rejectedSince < maxKeyOutageMs;
  };
  try {
    while (!signal.aborted) {
      let acceptedAt: number | null = null;
      report({ is: 'connecting' });
      try {
        for await (const each of connect()) {
          acceptedAt ??= performance.now();
          [wasAccepted, rejectedSince] = [true, null];
          yield each;
        }
        return;
      } catch (caught) {
        if (signal.aborted) return;
        const error = tidingsErrorOf(caught);
        if (error.code === 'FELL_BEHIND') continue;
        // A key can expire while it is used: whether there is another, the next attempts show.
        if (!error.isTemporary && (error.code !== 'UNAUTHENTICATED' || (acceptedAt === null && !awaitsKey()))) {
          ended = error;
          throw error;
        }
        const delayMs = wire.backoff.delayAfter(error, acceptedAt === null ? 0 : performance.now() - acceptedAt);
        report({ is: 'waiting', delayMs, error });
        await wire.backoff.wait(delayMs, { signal, keepsAlive: true });
      }
    }
  } finally {
    report({ is: 'closed', error: ended });
  }
}

export interface StateReport {
  (state: StreamState): void;
  received(typename: string): void;
}

/** Reports changes only. */
export function createStateReport(onState: (state: StreamState) => void = () => undefined): StateReport {
  let last: StreamState['is'] | null = null;
  const report = (state: StreamState): void => {
    if (state.is === last) return;
    last = state.is;
    onState(state);
  };
  return Object.assign(report, {
    received(typename: string) {
      const isLive = typename === 'CaughtUp' || (last === 'live' && typename !== 'FellBehind');
      report({ is: isLive ? 'live' : 'catching-up' });
    },
  });
}

/** After a change of keys, the option `key` can return the old one until the new one is known everywhere. */
const maxKeyOutageMs = 60_000;
