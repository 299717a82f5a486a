import { show, view } from '../view/current-view.ts';
import type { Range } from '../view/view.ts';
import type { Bar } from './bars.ts';
import { millisecondsOf } from './domain.ts';
import { bars, current, domain, selection, tabStop, zoomOut } from './shown-bars.ts';
import { rangeBetween, rangeOfBars } from './zoom.ts';

type Pressed<E extends Event> = E & { readonly currentTarget: SVGSVGElement };

/** A drag selects a range, from a bar or from an edge of the axis. */
export function beginDrag(event: Pressed<PointerEvent>): void {
  if (event.button !== 0) return;
  const svg = event.currentTarget;
  const box = svg.getBoundingClientRect();
  const { from, to } = domain.peek();
  const timeAt = (x: number): number => from + (Math.min(Math.max(x - box.left, 0), box.width) / box.width) * (to - from);
  const edge = (event.target as Element).getAttribute('data-edge');
  const anchor = edge === null ? timeAt(event.clientX) : edge === 'from' ? to : from;
  const stop = new AbortController();
  let isDragged = false;
  const end = (): void => {
    stop.abort();
    selection.value = null;
  };
  const options = { signal: stop.signal };
  svg.setPointerCapture(event.pointerId);
  svg.addEventListener(
    'pointermove',
    (move: PointerEvent) => {
      isDragged ||= Math.abs(move.clientX - event.clientX) > 3;
      if (isDragged) selection.value = { from: anchor, to: timeAt(move.clientX) };
    },
    options,
  );
  svg.addEventListener('pointercancel', end, options);
  addEventListener('keydown', (key) => key.key === 'Escape' && end(), options);
  svg.addEventListener(
    'pointerup',
    (up: PointerEvent) => {
      end();
      if (isDragged) return show({ range: rangeBetween(bars.peek(), anchor, timeAt(up.clientX)) });
      pressed = edge === null ? barOf(event.target) : undefined;
    },
    options,
  );
}

/** A click selects a bar: it comes after `pointerup`. */
export function click({ detail }: MouseEvent): void {
  const bar = pressed;
  pressed = undefined;
  if (detail > 1) return; // the second one of a double click
  clearTimeout(clicking);
  beforeClick = view.peek().range;
  if (bar !== undefined) clicking = setTimeout(() => show({ range: rangeOfBars(bar, bar) }), doubleClickMs);
}

/** A double click shows more, also when the page was too busy to see it in time, and shows the bar already. */
export function doubleClick(): void {
  clearTimeout(clicking);
  const isShown = beforeClick !== null && beforeClick !== view.peek().range;
  zoomOut(beforeClick ?? undefined, isShown ? 'replace' : 'push');
}

function barOf(target: EventTarget | null): Bar | undefined {
  const start = (target as Element).closest('.time-bar')?.getAttribute('data-start');
  return bars.peek().find((bar) => bar.start === start);
}

/** Left and right go from bar to bar, with Shift they extend the selection; Enter shows what is selected. */
export function pressKey(event: Pressed<KeyboardEvent>): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const all = bars.peek();
  const bar = tabStop.peek();
  const at = all.findIndex((each) => each === bar);
  const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
  const selected = selection.peek();
  if (next !== undefined) {
    const target = all[Math.min(Math.max(next, 0), all.length - 1)];
    if (bar === undefined || target === undefined) return;
    if (event.shiftKey) extend(bar, target);
    else selection.value = null;
    current.value = target.start;
    focusBar(event.currentTarget);
  } else if (event.key === 'Enter' || event.key === ' ') {
    selection.value = null;
    if (selected !== null) show({ range: rangeBetween(all, selected.from, selected.to - 1) });
    else if (bar !== undefined) show({ range: rangeOfBars(bar, bar) });
  } else if (event.key === 'Escape' && selected !== null) {
    selection.value = null;
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

/** Focuses the bar that the tab key reaches. */
export function focusBar(chart: Element | null): void {
  const start = tabStop.peek()?.start;
  const bar = Array.from(chart?.querySelectorAll<SVGGElement>('.time-bar') ?? []).find((each) => each.dataset['start'] === start);
  bar?.focus();
}

/** Selects the bars from where the selection began to another one. */
function extend(bar: Bar, to: Bar): void {
  if (selection.peek() === null) anchor = bar;
  const [first, last] = anchor.start <= to.start ? [anchor, to] : [to, anchor];
  const { from, to: end } = domain.peek();
  selection.value = { from: millisecondsOf(first.start) ?? from, to: millisecondsOf(last.end) ?? end };
}

let anchor: Bar;
/** The bar that the pointer was pressed and released on, until the click that follows. */
let pressed: Bar | undefined;
let clicking: ReturnType<typeof setTimeout> | undefined;
/** The range before the last click, which can be the first one of a double click. */
let beforeClick: Range | null = null;

/** A second click within this time is a double click. */
const doubleClickMs = 250;
