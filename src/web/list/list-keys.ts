import { useLayoutEffect } from 'preact/hooks';
import { feed } from '../data/feed-state.ts';
import { areShortcutsOn } from '../parts/shortcut.ts';
import { show, view } from '../view/current-view.ts';
import { revealOrTop, scrollTo, scrollToRow, viewportNow } from './list-scroll.ts';
import { current, select } from './list-state.ts';
import { visibleRows } from './row-window.ts';

/** The keys of the list. Letters work wherever no text is entered; the other keys where the list has the focus. */
export function useListKeys(scroller: { readonly current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : document.body;
      if (target.closest('input, textarea, select, [contenteditable], dialog, [popover]') !== null) return;
      const isInList = scroller.current?.contains(target) === true && target.closest('button, a') === null;
      const isLetter = event.key.length === 1 && event.key !== ' ';
      if (isLetter ? !areShortcutsOn.peek() : !isInList && target !== document.body) return;
      const action = actions[event.key];
      if (action === undefined || view.peek().panel !== 'event') return;
      if (action(scroller.current) !== false) event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

type Action = (scroller: HTMLElement | null) => unknown;

const step =
  (count: (rowsInView: number) => number): Action =>
  (scroller) => {
    const { height, rowHeight } = viewportNow();
    move(scroller, count(Math.max(1, Math.floor(height / rowHeight) - 1)));
  };

const actions: Readonly<Record<string, Action>> = {
  ArrowDown: step(() => 1),
  j: step(() => 1),
  ArrowUp: step(() => -1),
  k: step(() => -1),
  PageDown: step((page) => page),
  PageUp: step((page) => -page),
  Home: newest,
  '.': newest,
  End: step(() => Infinity),
  Enter: openCurrent,
  o: openCurrent,
  ' ': togglePause,
  C: () => feed.peek()?.clear(),
  Escape: () => {
    if (view.peek().event !== null) return false; // the open event closes first
    const focused = document.activeElement;
    return focused instanceof HTMLElement && focused.dataset['eventId'] !== undefined ? focused.blur() : false;
  },
};

/** Selects the event that is so many rows further down. */
function move(scroller: HTMLElement | null, by: number): void {
  const list = feed.peek();
  if (list === null || list.rows.length === 0) return;
  const { from, to } = visibleRows(viewportNow(), list.rows.length);
  const at = current.peek() === null ? -1 : list.indexOf(current.peek() ?? '');
  const isSelected = scroller?.contains(document.activeElement) === true && at !== -1;
  // Without a selection, it starts with what is in view.
  const start = isSelected ? at + by : at >= from && at < to ? at : from;
  const last = list.rows.length - 1;
  let index = Math.max(0, Math.min(last, start));
  while (index > 0 && index < last && list.rows.at(index)?.gap !== null) index += Math.sign(by) || 1;
  const id = list.rows.at(index)?.event?.id;
  if (id === undefined) return;
  select(id);
  scrollToRow(index);
  if (view.peek().event !== null) show({ event: id }, 'replace');
  focusRow(scroller, id);
}

/** Behind the rendering, which makes the row if it was not in view, and before the next key, which starts from it. */
function focusRow(scroller: HTMLElement | null, id: string): void {
  queueMicrotask(() => scroller?.querySelector<HTMLElement>(`[data-event-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true }));
}

function newest(scroller: HTMLElement | null): void {
  revealOrTop();
  if (viewportNow().top > 0) return;
  const id = feed.peek()?.rows.at(0)?.event?.id;
  if (id !== undefined && scroller?.contains(document.activeElement) === true) {
    select(id);
    focusRow(scroller, id);
  }
}

function openCurrent(scroller: HTMLElement | null): unknown {
  const id = current.peek();
  if (id === null || scroller?.contains(document.activeElement) !== true) return false;
  return show({ event: id, panel: 'event' });
}

/** Pauses, or resumes at the newest event. */
function togglePause(): void {
  const isLive = !view.peek().isLive;
  show({ isLive }, 'replace');
  if (isLive && viewportNow().top < 1) scrollTo(0);
}
