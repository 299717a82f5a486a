import { TidingsError } from '../errors.ts';
import type { Calendar, Span } from './calendar.ts';
import { secondOf } from './bucket-keys.ts';
import type { Cell } from './count-table.ts';
import { fromMicros, type Instant } from '../event/instant.ts';

/** The bounds of `occurred` that a filter sets: since is inclusive, until exclusive. */
export interface TimeBounds {
  readonly since?: Instant;
  readonly until?: Instant;
}

/** The seconds from the first to the last that may have events; null: none has. */
export function occurredWithin(
  cells: readonly Cell[],
  { since, until }: TimeBounds,
): { readonly from: number; readonly to: number } | null {
  let [from, to] = [Infinity, -Infinity];
  for (const { firstSecond, lastSecond } of cells) {
    from = Math.min(from, firstSecond);
    to = Math.max(to, lastSecond);
  }
  if (since !== undefined) from = secondOf(since);
  if (until !== undefined) to = until.endsWith('.000000Z') ? secondOf(until) - 1 : secondOf(until);
  return from > to || (since !== undefined && until !== undefined && since >= until) || !Number.isFinite(to - from) ? null : { from, to };
}

/** The spans of a calendar in which these seconds lie. Throws LIMIT_EXCEEDED where there are more than `mostSpans`. */
export function spansBetween(calendar: Calendar, range: ReturnType<typeof occurredWithin>, at: number): readonly Span[] {
  const spans: Span[] = [];
  if (range === null) return spans;
  for (let next = range.from; next <= range.to;) {
    if (spans.length === mostSpans) throw tooManySpans(range, at);
    const span = calendar.spanAt(next);
    spans.push(span);
    next = span.end;
  }
  return spans;
}

function tooManySpans({ from, to }: { readonly from: number; readonly to: number }, at: number): TidingsError {
  const path = ['by', String(at), 'time'];
  const message = `expected at most ${mostSpans} buckets of time from ${instantAt(from)} to ${instantAt(to)}, got more; take a larger unit, or bounds in filter.occurred`;
  return new TidingsError('LIMIT_EXCEEDED', `${path.join('.')}: ${message}`, { path });
}

/** The instant where a second begins; null where that lies outside of all years. */
export function instantAt(second: number): Instant | null {
  return Number.isFinite(second) ? fromMicros(BigInt(second) * 1_000_000n) : null;
}

const mostSpans = 10_000;
