import type { EventFilter, TidingsReader } from '../../client/tidings-client.ts';
import type { Bar } from './bars.ts';
import { scaleFor, type TimeScale } from './time-scale.ts';

/** What the time axis shows, and how it is divided. Times are milliseconds since 1970. */
export interface Plan {
  readonly scale: TimeScale;
  /** The bounds of the view; null: the range begins with the first event, or does not end. */
  readonly since: number | null;
  readonly until: number | null;
  /** Both bounds are given. */
  readonly isFixed: boolean;
  /** There was no event yet. */
  readonly isGuess: boolean;
}

export interface Domain {
  readonly from: number;
  readonly to: number;
}

interface PlanRequest {
  readonly client: TidingsReader;
  /** With the range. */
  readonly filter: EventFilter;
  readonly range: { readonly since?: string; readonly until?: string };
  readonly signal: AbortSignal;
}

/** Chooses the intervals by the range asked for, or by the first and the last event where it has no bound. */
export async function planOf({ client, filter, range, signal }: PlanRequest): Promise<Plan> {
  const [since, until] = [millisecondsOf(range.since), millisecondsOf(range.until)];
  const bounds = { since, until, isFixed: since !== null && until !== null };
  const first = since ?? (await endOf('OLDEST_FIRST'));
  const last = until ?? (since === null ? await endOf('NEWEST_FIRST') : Date.now());
  if (first === null || last === null) return { ...bounds, scale: scaleFor(guessMs), isGuess: true };
  const length = Math.max(Math.min(last, bounds.isFixed ? last : Date.now()) - first, 1);
  // A range that grows keeps its intervals for a while.
  return { ...bounds, scale: scaleFor(bounds.isFixed ? length : length * headroom), isGuess: false };

  async function endOf(order: 'OLDEST_FIRST' | 'NEWEST_FIRST'): Promise<number | null> {
    const page = await client.page({ filter, first: 1, order, select: 'occurred', signal });
    return millisecondsOf(page.nodes[0]?.occurred);
  }
}

/**
 * What the axis spans: the range asked for, and without bounds the events. Events in the future, by
 * clocks that are ahead, do not extend it: `afterwards` counts them.
 */
export function domainOf({ since, until, scale }: Plan, bars: readonly Bar[], now: number): Domain {
  const first = bars.find(({ total }) => total > 0);
  const from = since ?? Math.min(millisecondsOf(first?.start) ?? now - guessMs, until ?? Infinity);
  if (until !== null) return { from, to: Math.max(until, from + 1) };
  const last = bars.findLast((bar) => (millisecondsOf(bar.start) ?? 0) <= now && (since !== null || bar.total > 0));
  let to = millisecondsOf(last?.end) ?? (since === null ? now : from);
  // With a begin but no end, the range goes on until now: by whole intervals, so that bars move rarely.
  if (since !== null && to < now) to += Math.ceil((now - to) / scale.stepMs) * scale.stepMs;
  return { from, to: Math.max(to, from + 1) };
}

/** The number of events after the end of the axis. */
export function afterwards(bars: readonly Bar[], { to }: Domain): number {
  return bars.reduce((sum, { start, total }) => ((millisecondsOf(start) ?? 0) >= to ? sum + total : sum), 0);
}

export function millisecondsOf(instant: string | null | undefined): number | null {
  return instant === null || instant === undefined ? null : Date.parse(instant);
}

const headroom = 1.1;
const guessMs = 3_600_000;
