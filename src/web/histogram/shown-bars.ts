import { computed, signal } from '@preact/signals';
import { resolveTime } from '../text/time-range.ts';
import { show, view } from '../view/current-view.ts';
import type { Range } from '../view/view.ts';
import type { Bar } from './bars.ts';
import { domainOf, millisecondsOf, type Domain } from './domain.ts';
import { now, timeCounts } from './time-counts.ts';
import { zoomedOut } from './zoom.ts';

/** What a drag or the keyboard selects now, in milliseconds since 1970. */
export const selection = signal<Domain | null>(null);
/** The start of the bar that has the focus, or would get it. */
export const current = signal<string | null>(null);
/** The start of the bar that is pointed at or focused. */
export const pointed = signal<string | null>(null);

/** What the axis spans. */
export const domain = computed<Domain>(() => {
  const counts = timeCounts.value;
  return counts === null ? { from: 0, to: 1 } : domainOf(counts.plan, counts.bars, now.value);
});

/** The bars of the intervals that the axis shows. */
export const bars = computed<readonly Bar[]>(() => {
  const { from, to } = domain.value;
  return (timeCounts.value?.bars ?? []).filter(({ start, end }) => {
    return (millisecondsOf(end) ?? Infinity) > from && (millisecondsOf(start) ?? 0) < to;
  });
});

/** The number of events of the highest bar. */
export const highest = computed(() => Math.max(1, ...bars.value.map(({ total }) => total)));

/** The bar that the tab key reaches: the one that had the focus, or the newest one with events. */
export const tabStop = computed<Bar | undefined>(() => {
  const all = bars.value;
  return all.find(({ start }) => start === current.value) ?? all.findLast(({ total }) => total > 0) ?? all.at(-1);
});

/** Where on the axis a time is, from 0 to 100. */
export function percent(at: number): number {
  const { from, to } = domain.value;
  return Math.min(Math.max(((at - from) / (to - from)) * 100, 0), 100);
}

/** Shows three times a range: that of the view, whose counts need not be there yet. Nothing without a range. */
export function zoomOut(range: Range = view.peek().range, how: 'push' | 'replace' = 'push'): boolean {
  if (range.since === null && range.until === null) return false;
  const time = Date.now();
  const shown = domain.peek();
  const from = millisecondsOf(range.since && resolveTime(range.since, time)) ?? shown.from;
  const to = millisecondsOf(range.until && resolveTime(range.until, time)) ?? Math.max(shown.to, time);
  show({ range: zoomedOut({ from, to: Math.max(to, from + 1) }, time) }, how);
  return true;
}
