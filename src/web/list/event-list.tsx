import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { FeedRow } from '../../client/live-feed.ts';
import { feed, feedStatus, isStale, listedColumns, snapshot, type ListFeed } from '../data/feed-state.ts';
import { isPressed } from '../data/hold.ts';
import { keepStill, noteRendered } from '../data/render-pace.ts';
import type { ListedEvent } from '../data/row-selection.ts';
import { fullTime } from '../text/time-format.ts';
import { hrefOf, show } from '../view/current-view.ts';
import { Announcement } from './announcement.tsx';
import { NewPill } from '../parts/new-pill.tsx';
import { dayOf, localTime } from './day-lines.ts';
import { EventRow } from './event-row.tsx';
import { ListHeader } from './list-header.tsx';
import { useListKeys } from './list-keys.ts';
import { EndLine, GapLine, SkeletonRows } from './list-lines.tsx';
import { hover, keepPlace, moved, placeRows, revealOrTop, scrolled, scrollToRow, viewportNow, watchScroller } from './list-scroll.ts';
import { current, deselect, newAbove, olderError, openEvent, select, zone } from './list-state.ts';
import { renderedRows } from './row-window.ts';
import './list.css';

export interface EventListProps {
  /** Stand at the right end of the header: what concerns the list, such as the choice of columns. */
  readonly tools?: ComponentChildren;
}

/** The list of events: the newest first, live. */
export function EventList({ tools }: EventListProps) {
  const list = feed.value;
  const now = snapshot.value;
  const columns = listedColumns.value;
  const scroller = useRef<HTMLDivElement>(null);
  const hasColumns = columns.length > 0;
  // Rows can be higher with columns.
  useLayoutEffect(() => (scroller.current === null ? undefined : watchScroller(scroller.current)), [hasColumns]);
  useListKeys(scroller);
  useEffect(() => {
    const id = openEvent.value;
    const index = id === null ? -1 : (feed.peek()?.indexOf(id) ?? -1);
    if (index === -1) return;
    current.value = id;
    scrollToRow(index);
  }, [openEvent.value]);
  const count = list?.rows.length ?? 0;
  const isLoading = list === null && feedStatus.value.error === null;
  return (
    <main class="list" aria-label="Events">
      {tools !== undefined && <div class="list-tools">{tools}</div>}
      <div
        role="grid"
        aria-label="Events"
        aria-rowcount={now === null || now.hasOlder ? -1 : count + 1}
        aria-colcount={4 + columns.length}
        aria-busy={isStale.value || isLoading}
        class={hasColumns ? 'grid with-columns' : 'grid'}
        style={{ '--columns': columns.length }}
      >
        <ListHeader columns={columns} />
        <div
          role="rowgroup"
          aria-busy={isLoading}
          class={isStale.value ? 'scroller stale' : 'scroller'}
          ref={scroller}
          tabIndex={-1}
          onScroll={scrolled}
          onClick={openClicked}
          onAuxClick={openInTab}
          onFocusIn={(event) => idOf(event.target) !== null && select(idOf(event.target) ?? '')}
          onFocusOut={(event) => {
            const isInside = event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget);
            if (!isInside && document.hasFocus()) deselect();
          }}
          onPointerDown={() => {
            isPressed.value = true;
            addEventListener('pointerup', release, { once: true });
            addEventListener('pointercancel', release, { once: true });
          }}
          onPointerMove={keepStill}
          onPointerOver={(event) => {
            const id = idOf(event.target);
            hover(id);
            if (id !== null) showFullTime(event.target as Element, id);
          }}
          onPointerLeave={() => hover(null)}
        >
          {list !== null && <Rows list={list} scroller={scroller} />}
          {isLoading && <SkeletonRows />}
        </div>
      </div>
      {now !== null && list !== null && <Pill />}
      <Announcement />
    </main>
  );
}

function Pill() {
  const now = snapshot.value;
  void moved.value;
  if (now === null) return null;
  const { top, height } = viewportNow();
  return <NewPill held={now.held} newAbove={newAbove.value} isFar={top > 2 * height || now.hasNewer} onPress={revealOrTop} />;
}

interface RowsProps {
  readonly list: ListFeed;
  readonly scroller: { readonly current: HTMLElement | null };
}

/** The rows in view. They are rendered again when the list changes, and when others come into view. */
function Rows({ list, scroller }: RowsProps) {
  const now = snapshot.value;
  void moved.value;
  const rows = useRef<HTMLDivElement>(null);
  const viewport = keepPlace(list);
  const count = list.rows.length;
  const { from, to } = renderedRows(viewport, count);
  const shown = list.rows.slice(from, to);
  const above = list.rows.at(from - 1);
  const ids = new Set(shown.map(idOfRow));
  const tabStop =
    current.value !== null && ids.has(current.value)
      ? current.value
      : firstEvent(shown, viewport.top - from * viewport.rowHeight, viewport.rowHeight);

  useLayoutEffect(() => {
    placeRows(list);
    // Set here, so that rows need not be rendered again when others come above them.
    let index = from + 2;
    for (const row of rows.current?.children ?? []) row.ariaRowIndex = String(index++);
    noteRendered();
  });
  const focused = document.activeElement;
  const focusedId = focused !== null && rows.current?.contains(focused) === true ? idOf(focused) : null;
  const isLeaving = focusedId !== null && !ids.has(focusedId);
  useLayoutEffect(() => {
    // The focused row left the list's part of the document: the nearest row takes the focus.
    if (isLeaving) rows.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  }, [isLeaving]);

  const time = performance.now();
  const columns = listedColumns.value;
  let before = above;
  return (
    <>
      <div role="presentation" class="space" style={{ height: `${count * viewport.rowHeight}px` }}>
        <div role="presentation" class="rows" ref={rows} style={{ transform: `translateY(${from * viewport.rowHeight}px)` }}>
          {shown.map((row) => {
            const day = dayOf(row, before, zone.value);
            before = row;
            if (row.gap !== null) return <GapLine key={row.gap.id} gap={row.gap} zone={zone.value} reload={list.reload} />;
            const { event, arrivedAt } = row;
            return (
              <EventRow
                key={event.id}
                row={row}
                time={localTime(row, zone.value)}
                day={day}
                columns={columns}
                isCurrent={event.id === tabStop}
                isOpen={event.id === openEvent.value}
                isFresh={arrivedAt !== null && time - arrivedAt < freshMs}
              />
            );
          })}
        </div>
      </div>
      <EndLine
        feed={list}
        zone={zone.value}
        hasOlder={now?.hasOlder ?? false}
        clearedAt={now?.clearedAt ?? null}
        error={olderError.value}
        retry={() => {
          olderError.value = null;
          moved.value += 1;
          scroller.current?.focus();
        }}
      />
    </>
  );
}

function idOfRow(row: FeedRow<ListedEvent>): string {
  return row.gap === null ? row.event.id : row.gap.id;
}

/** The first event whose row is fully in view. */
function firstEvent(rows: readonly FeedRow<ListedEvent>[], hiddenPx: number, rowHeight: number): string | null {
  const first = Math.max(0, Math.ceil(hiddenPx / rowHeight));
  return (rows.slice(first).find(({ gap }) => gap === null) ?? rows.find(({ gap }) => gap === null))?.event?.id ?? null;
}

function idOf(target: EventTarget | null): string | null {
  return (target instanceof Element && target.closest<HTMLElement>('[data-event-id]')?.dataset['eventId']) || null;
}

function openClicked(event: MouseEvent): void {
  const id = idOf(event.target);
  if (id === null || getSelection()?.isCollapsed === false) return;
  if (event.ctrlKey || event.metaKey) open(hrefOf({ event: id }));
  else show({ event: id, panel: 'event' });
}

function openInTab(event: MouseEvent): void {
  const id = idOf(event.target);
  if (id !== null && event.button === 1) open(hrefOf({ event: id }));
}

function release(): void {
  isPressed.value = false;
}

/** The time of a row to the microsecond, when the pointer is on it. */
function showFullTime(target: Element, id: string): void {
  const cell = target.closest<HTMLElement>('.time');
  const list = feed.peek();
  const occurred = cell === null || list === null ? undefined : list.rows.at(list.indexOf(id))?.occurred;
  if (cell !== null && occurred !== undefined) cell.title = fullTime(occurred, zone.peek());
}

const freshMs = 2000;
