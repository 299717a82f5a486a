import type { Span, Calendar } from './calendar.ts';
import type { Key } from './bucket-keys.ts';
import { compareKeys, mostFirst } from './bucket-order.ts';
import type { Cell } from './count-table.ts';
import { TidingsError } from '../errors.ts';
import { secondOf, fromMicros, type Instant } from '../event/instant.ts';
import type { TimeBounds } from '../filter/time-bounds.ts';

/** Those with the same keys but for the time. */
export interface Line {
  readonly before: readonly Key[];
  readonly after: readonly Key[];
  readonly cells: Map<Key, Cell>;
}

/** A bucket to be: its keys, and what was counted, if anything. */
export interface Slot {
  readonly keys: readonly Key[];
  readonly span: Span;
  readonly cell: Cell | null;
}

/** In the order of their other keys. Where there are none, there is one line, whether or not anything was counted. */
export function linesOf(cells: readonly Cell[], { at, others }: { readonly at: number; readonly others: number }): readonly Line[] {
  const lines = new Map<string, Line>();
  if (others === 0) lines.set('[]', { before: [], after: [], cells: new Map() });
  for (const cell of cells) {
    const [before, after] = [cell.keys.slice(0, at), cell.keys.slice(at + 1)];
    const name = JSON.stringify([...before, ...after]);
    const line = lines.get(name) ?? { before, after, cells: new Map() };
    line.cells.set(cell.keys[at] ?? null, cell);
    lines.set(name, line);
  }
  return [...lines.values()].toSorted((a, b) => compareKeys(a.before, b.before) || compareKeys(a.after, b.after));
}

/** Every line at every time. */
export function* inKeyOrder(lines: readonly Line[], spans: readonly Span[]): Generator<Slot> {
  for (let from = 0; from < lines.length;) {
    const before = lines[from]?.before ?? [];
    let to = from + 1;
    while (to < lines.length && compareKeys(lines[to]?.before ?? [], before) === 0) to += 1;
    const beside = lines.slice(from, to);
    for (const span of spans) {
      for (const { after, cells } of beside) yield { keys: [...before, span.start, ...after], span, cell: cells.get(span.start) ?? null };
    }
    from = to;
  }
}

/** Empty ones come last, in the order of their keys. */
export function* inOrderOfCount(cells: readonly Cell[], lines: readonly Line[], spans: readonly Span[]): Generator<Slot> {
  const at = lines[0]?.before.length ?? 0;
  const byStart = new Map(spans.map((span) => [span.start, span]));
  for (const cell of cells.toSorted(mostFirst)) {
    const span = byStart.get(Number(cell.keys[at]));
    if (span !== undefined) yield { keys: cell.keys, span, cell };
  }
  for (const slot of inKeyOrder(lines, spans)) if (slot.cell === null) yield slot;
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
