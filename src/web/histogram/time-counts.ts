import { batch, effect, signal } from '@preact/signals';
import type { CountBy, EventFilter, StreamState, TidingsReader, TidingsError } from '../../client/tidings-client.ts';
import { conditions, instants } from '../data/active-filter.ts';
import { kinds } from '../data/kinds.ts';
import { noteRejection } from '../data/server-info.ts';
import { tidings } from '../data/session.ts';
import { liveTotal } from '../data/spans.ts';
import { isAwake, until } from '../data/until.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { viewOf } from '../view/current-view.ts';
import { barsOf, isSameList, kindsOf, reusedBars, totalsOf, type Bar } from './bars.ts';
import { domainOf, planOf, type Plan } from './domain.ts';
import { barsIn, maxBars } from './time-scale.ts';

/** The counts that the histogram shows. */
export interface TimeCounts {
  readonly plan: Plan;
  readonly zone: string;
  readonly total: number;
  readonly bars: readonly Bar[];
  readonly kinds: readonly (string | null)[];
  /** By first two segments of the name, the most frequent first; null: too many different names. */
  readonly totals: readonly { readonly name: string; readonly count: number }[] | null;
  /** The kinds that are whole names, not the beginnings of some. */
  readonly wholeNames: ReadonlySet<string>;
}

export type CountsState =
  /** `reason`: why it takes long, and when the next attempt follows, in milliseconds since 1970. */
  | { readonly is: 'busy'; readonly reason?: string; readonly nextAttemptAt?: number }
  | { readonly is: 'current' }
  /** The server did not count: in its words. */
  | { readonly is: 'failed'; readonly message: string };

/** The last counts; they stay while others are counted. */
export const timeCounts = signal<TimeCounts | null>(null);
export const countsState = signal<CountsState>({ is: 'busy' });
/** Milliseconds since 1970, set when the end of a range without an end moves by a bar. */
export const now = signal(Date.now());

const attempt = signal(0);
let countedWith: TidingsReader | null = null;
const zone = viewOf((view) => zoneOrLocal(view.zone));
const isLive = viewOf((view) => view.isLive);

/** Counts again, with other intervals if the range has grown. */
export function countAgain(): void {
  attempt.value += 1;
}

/** Counts what the view selects, now and as events arrive, until the function that it returns is called. */
export function followTimeCounts(): () => void {
  return effect(() => {
    void attempt.value;
    if (!isAwake.value) return undefined;
    const stop = new AbortController();
    const client = tidings.value;
    // Another key can see other events.
    if (client !== countedWith) timeCounts.value = null;
    countedWith = client;
    const request: CountRequest = {
      client,
      filter: conditions.value,
      range: instants.value,
      zone: zone.value,
      signal: stop.signal,
    };
    countsState.value = { is: 'busy' };
    let timer: ReturnType<typeof setTimeout> | undefined;
    follow(request).catch((error: unknown) => {
      if (stop.signal.aborted) return;
      if (noteRejection(error)) timeCounts.value = null;
      const { message, retryAfterMs } = error as TidingsError;
      if (retryAfterMs === null) countsState.value = { is: 'failed', message };
      else {
        countsState.value = busyFor(message, retryAfterMs);
        timer = setTimeout(countAgain, retryAfterMs);
      }
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  });
}

function busyFor(reason: string, delayMs: number): CountsState {
  return { is: 'busy', reason, nextAttemptAt: Date.now() + delayMs };
}

interface CountRequest {
  readonly client: TidingsReader;
  readonly filter: EventFilter;
  readonly range: { readonly since?: string; readonly until?: string };
  readonly zone: string;
  readonly signal: AbortSignal;
}

async function follow({ client, filter, range, zone, signal }: CountRequest): Promise<void> {
  const selected = range.since === undefined && range.until === undefined ? filter : { and: [filter, { occurred: range }] };
  const plan = await planOf({ client, filter: selected, range, signal });
  const { unit, every } = plan.scale;
  const byTime = { time: { unit, every, timeZone: zone } };
  const onState = (state: StreamState): void => {
    // What was counted stays; the state of the connection says that it is lost.
    if (state.is === 'waiting' && !signal.aborted) countsState.value = busyFor(state.error.message, state.delayMs);
  };
  const count = async (by: readonly CountBy[]): Promise<void> => {
    let checked = '';
    let wholeNames: ReadonlySet<string> = new Set();
    for await (const counts of client.liveCounts({ by, filter: selected, intervalMs, signal, onState })) {
      if (signal.aborted) return;
      const totals = by.length === 1 ? null : totalsOf(counts);
      const before = timeCounts.peek();
      const kinds = totals === null ? [] : kindsOf(totals, before?.kinds ?? []);
      const names = before !== null && isSameList(before.kinds, kinds) ? before.kinds : kinds;
      const bars = reusedBars(before?.bars ?? [], barsOf(counts, names));
      show({ plan, zone, total: counts.total, bars, kinds: names, totals, wholeNames });
      const wanted = names.filter((name) => name !== null);
      if (checked !== wanted.join('\n')) {
        checked = wanted.join('\n');
        wholeNames = await wholeNamesOf({ client, filter: selected, names: wanted, signal });
        const shown = timeCounts.peek();
        if (!signal.aborted && shown !== null) timeCounts.value = { ...shown, wholeNames };
      }
      // Paused, the counts stay as they are. The subscription waits, and continues with all counts.
      await until(() => isLive.value, signal);
    }
  };
  try {
    await count([byTime, { event: { segments: 2 } }]);
  } catch (error) {
    // There are too many different names to count each over time.
    if ((error as TidingsError).code !== 'LIMIT_EXCEEDED' || signal.aborted) throw error;
    await count([byTime]);
  }
}

function show(counts: TimeCounts): void {
  batch(() => {
    timeCounts.value = counts;
    kinds.value = counts.kinds;
    liveTotal.value = counts.total;
    countsState.value = { is: 'current' };
    now.value = Date.now();
  });
  if (isOutgrown(counts)) countAgain();
}

/** Whether the bars have become too many, or were chosen before the first event. */
export function isOutgrown({ plan, bars }: TimeCounts): boolean {
  if (plan.isFixed) return false;
  const { from, to } = domainOf(plan, bars, now.peek());
  return barsIn(to - from, plan.scale.stepMs) > maxBars || (plan.isGuess && bars.some(({ total }) => total > 0));
}

interface NamesRequest {
  readonly client: TidingsReader;
  readonly filter: EventFilter;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

/** Of beginnings of names those that only stand for themselves: no event has a longer name. */
async function wholeNamesOf({ client, filter, names, signal }: NamesRequest): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const longer = names.map((name) => `${name}.`);
  const request = { by: [{ event: { segments: 2 } }], filter: { and: [filter, { event: { startsWith: longer } }] }, first: names.length };
  const { buckets } = await client.counts({ ...request, signal });
  const begins = new Set(buckets.map(({ keys }) => keys[0]));
  return new Set(names.filter((name) => !begins.has(name)));
}

const intervalMs = 1000;
