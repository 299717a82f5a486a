import { signal, type Signal } from '@preact/signals';
import type { FeedRow } from '../../client/live-feed.ts';
import { feed, type ListFeed } from '../data/feed-state.ts';
import { isScrolled } from '../data/hold.ts';
import { neighbourOf } from '../data/neighbours.ts';
import type { ListedEvent } from '../data/row-selection.ts';
import { loadedSpan, visibleSpan, type Span } from '../data/spans.ts';
import { current, newAbove, olderError } from './list-state.ts';
import { topToShow, visibleRows, type Viewport } from './row-window.ts';

/**
 * Where the list is scrolled to.
 *
 * Guarantees: while new events wait, or the list is not at its top, the row under the pointer, or
 * else the first one in view, stays where it is, whatever is inserted or removed above it: by one
 * addition to the place that is scrolled to, before the browser paints.
 */
let scroller: HTMLElement | null = null;
let viewport: Viewport = { top: 0, height: 600, rowHeight: 28 };
/** The row that stays in its place, and its index when the list was last rendered. */
let anchor: { readonly feed: ListFeed; readonly id: string; readonly index: number } | null = null;
let wasHolding = false;
let hovered: string | null = null;
let isRevealing = false;
/** Changes when other rows come into view. */
export const moved = signal(0);

export function viewportNow(): Viewport {
  return viewport;
}

/** Before rows are rendered: moves the viewport with its anchor. */
export function keepPlace(list: ListFeed): Viewport {
  const isHolding = list.snapshot.isHolding;
  const index = anchor?.feed === list ? list.indexOf(anchor.id) : -1;
  if (anchor !== null && index === -1) viewport = { ...viewport, top: 0 };
  else if (anchor !== null && (isHolding || wasHolding || viewport.top > 0)) {
    const shift = index - anchor.index;
    if (isRevealing && shift > 0) newAbove.value = newAbove.peek() + shift;
    viewport = { ...viewport, top: viewport.top + shift * viewport.rowHeight };
    anchor = { ...anchor, index };
  }
  wasHolding = isHolding;
  return viewport;
}

/** After rows are rendered. */
export function placeRows(list: ListFeed): void {
  if (scroller === null) return;
  if (Math.abs(scroller.scrollTop - viewport.top) >= 1) scroller.scrollTop = viewport.top;
  const { from, to } = visibleRows(viewport, list.rows.length);
  const candidates = [hovered, current.peek()].map((id) => (id === null ? -1 : list.indexOf(id)));
  const index = candidates.find((each) => each >= from && each < to) ?? from;
  const row = list.rows.at(index);
  anchor = row === undefined ? null : { feed: list, id: row.gap?.id ?? row.event?.id ?? '', index };
  list.read(Math.floor((from + to) / 2));
  noteTop(from);
  loadMore(list);
  noteSpan(loadedSpan, list.rows.at(0), list.rows.at(list.rows.length - 1));
  noteSpan(visibleSpan, list.rows.at(from), list.rows.at(to - 1));
}

/** The times between two rows, for the histogram. */
function noteSpan(span: Signal<Span | null>, a: ListRow, b: ListRow): void {
  const [to, from] = [a?.occurred ?? '', b?.occurred ?? ''].toSorted().toReversed();
  if (from === span.peek()?.from && to === span.peek()?.to) return;
  span.value = from === undefined || to === undefined || from === '' ? null : { from, to };
}

/** The browser scrolled. */
export function scrolled(): void {
  if (scroller === null) return;
  const before = viewport;
  viewport = { ...viewport, top: scroller.scrollTop };
  const list = feed.peek();
  if (list === null) return;
  const count = list.rows.length;
  const [a, b] = [visibleRows(before, count), visibleRows(viewport, count)];
  noteTop(b.from);
  if (a.from !== b.from || a.to !== b.to) moved.value += 1;
}

export function scrollTo(top: number): void {
  viewport = { ...viewport, top: Math.max(0, top) };
  if (viewport.top === 0) anchor = null; // the newest row is to be seen, whatever comes
  if (scroller !== null) scroller.scrollTop = viewport.top;
  noteTop(Math.floor(viewport.top / viewport.rowHeight));
  moved.value += 1;
}

/** Scrolls as little as possible, so that a row is in view. */
export function scrollToRow(index: number): void {
  const top = topToShow(index, viewport);
  if (top !== viewport.top) scrollTo(top);
}

/** Shows the events that wait, above; pressed again, goes to the newest one. */
export function revealOrTop(): void {
  const list = feed.peek();
  if (list === null) return;
  const { held, hasNewer } = list.snapshot;
  if (held.count === 0 && !hasNewer) {
    newAbove.value = 0;
    return scrollTo(0);
  }
  isRevealing = true;
  list.reveal();
}

export function hover(id: string | null): void {
  hovered = id;
}

/** Watches the element that scrolls. Returns the function that ends this. */
export function watchScroller(element: HTMLElement): () => void {
  scroller = element;
  const measure = (): void => {
    const rowHeight = Number.parseFloat(getComputedStyle(element).getPropertyValue('--row-height')) || 28;
    const top = (viewport.top / viewport.rowHeight) * rowHeight;
    viewport = { top, height: element.clientHeight, rowHeight };
    moved.value += 1;
  };
  const observer = new ResizeObserver(measure);
  observer.observe(element);
  measure();
  return () => {
    observer.disconnect();
    scroller = null;
  };
}

function noteTop(first: number): void {
  isScrolled.value = viewport.top >= 1;
  if (first < newAbove.peek()) newAbove.value = first;
  if (first === 0 && viewport.top < 1) isRevealing = false;
}

function loadMore(list: ListFeed): void {
  const { hasOlder, hasNewer } = list.snapshot;
  const below = list.rows.length * viewport.rowHeight - viewport.top - viewport.height;
  if (hasOlder && below < loadAheadPx && olderError.peek() === null) {
    list.older().catch((error: unknown) => (olderError.value = error instanceof Error ? error.message : String(error)));
  }
  if (hasNewer && viewport.top < loadAheadPx) list.newer().catch(() => undefined);
}

type ListRow = FeedRow<ListedEvent> | undefined;

neighbourOf.value = (id, step) => {
  const list = feed.peek();
  let at = list?.indexOf(id) ?? -1;
  if (list === null || at === -1) return null;
  do at += step;
  while (list.rows.at(at)?.gap != null);
  return list.rows.at(at)?.event?.id ?? null;
};

const loadAheadPx = 1000;
