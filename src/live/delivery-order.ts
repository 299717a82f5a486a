import type { Position } from '../event/cursor.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Step } from './walk.ts';

/** Between the walk along the log and the client: the order in which what matched is delivered. */
export interface DeliveryOrder {
  /** Whether some event can be delivered now. */
  readonly hasReady: boolean;
  /** Takes what the next step found. After an error nothing was taken. */
  add(step: Step): Promise<void>;
  /** To be called at the head: looks again for what may be delivered by now. */
  settle(): Promise<void>;
  /** In how many milliseconds to settle, if the log does not move; null: there is no need. */
  settleIn(): number | null;
  /** Nothing comes any more that anything could wait for: makes all ready. */
  release(): void;
  /** The next events to deliver. */
  take(limit: number): readonly StoredEvent[];
  /** The place to which everything that was added is delivered. Never goes back. */
  place(): Position;
}

/** The order of the log. */
export function inLogOrder(start: Position): DeliveryOrder {
  let ready: readonly StoredEvent[] = [];
  let looked = start;
  let taken = start;
  return {
    get hasReady() {
      return ready.length > 0;
    },
    async add({ events, upTo }) {
      ready = [...ready, ...events];
      looked = upTo;
    },
    settle: async () => undefined,
    settleIn: () => null,
    release: () => undefined,
    take(limit) {
      const events = ready.slice(0, limit);
      ready = ready.slice(limit);
      taken = events.at(-1)?.position ?? taken;
      return events;
    },
    place: () => (ready.length === 0 ? looked : taken),
  };
}
