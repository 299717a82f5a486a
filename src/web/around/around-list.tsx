import { signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { EventFilter } from '../../client/tidings-client.ts';
import { isPaused } from '../data/hold.ts';
import { keepStill, stillMs } from '../data/render-pace.ts';
import { NewPill } from '../parts/new-pill.tsx';
import { Problem } from '../parts/problem.tsx';
import { useShortcut } from '../parts/shortcut.ts';
import { linkTo } from '../parts/view-link.ts';
import { gapText, microsOf } from '../text/durations.ts';
import { EventName } from '../parts/event-name.tsx';
import { printable } from '../text/printable.ts';
import { formatInstant } from '../text/time-format.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { view } from '../view/current-view.ts';
import { aroundPageSize, type AroundEvent } from './around-query.ts';
import { useAroundWindow, type Side } from './around-window.ts';

interface Props {
  readonly middle: AroundEvent;
  readonly openId: string;
  readonly filter: EventFilter;
  readonly reload: () => void;
}

/**
 * The events around one, the newest first, as in the list. Those that arrive are held as in the list:
 * at the top they appear at once; while the reader has scrolled, selected a row or paused, they wait.
 */
export function AroundList({ middle, openId, filter, reload }: Props) {
  const { older, newer, waiting, load, reveal } = useAroundWindow({ middle, filter, reload });
  const scroller = useRef<HTMLDivElement>(null);
  const middleRow = useRef<HTMLLIElement>(null);
  const hold = useMemo(() => ({ isScrolled: signal(false), isPressed: signal(false), isSelected: signal(false) }), []);
  const isHeld = isPaused.value || hold.isScrolled.value || hold.isPressed.value || hold.isSelected.value;
  const newAbove = useSignal(0);
  /** Where the middle row was before rows came above it; null: it is to be brought to the middle. */
  const keptTop = useRef<number | null>(null);
  const isFollowing = useRef(false);

  const noteScrolled = (): void => {
    const { scrollTop } = scroller.current ?? { scrollTop: 0 };
    hold.isScrolled.value = scrollTop >= 1;
    newAbove.value = Math.min(newAbove.peek(), Math.floor(scrollTop / (middleRow.current?.offsetHeight ?? 1)));
  };
  useEffect(() => {
    if (isHeld || waiting.length === 0) return undefined;
    const timer = setTimeout(() => {
      isFollowing.current = true;
      reveal();
    }, stillMs());
    return () => clearTimeout(timer);
  }, [isHeld, waiting]);
  useLayoutEffect(() => {
    const [row, element] = [middleRow.current, scroller.current];
    if (row === null || element === null) return;
    if (keptTop.current === null) row.scrollIntoView({ block: 'center' });
    // The reader does not move.
    else if (!isFollowing.current) element.scrollTop += row.offsetTop - keptTop.current;
    isFollowing.current = false;
    noteScrolled();
    const areLoaded = [older, newer].every(({ events, hasMore, error }) => events.length > 0 || !hasMore || error !== null);
    keptTop.current = areLoaded ? row.offsetTop : null;
  }, [newer.events, older.events]);
  const revealOrTop = (): void => {
    newAbove.value = waiting.length === 0 ? 0 : newAbove.peek() + waiting.length;
    if (waiting.length === 0) scroller.current?.scrollTo(0, 0);
    reveal();
  };
  useShortcut('.', revealOrTop);
  const row = (event: AroundEvent) => <AroundRow key={event.id} event={event} middle={middle} isOpen={event.id === openId} />;
  return (
    <>
      <NewPill held={{ count: isHeld ? waiting.length : 0, late: 0 }} newAbove={newAbove.value} isFar={false} onPress={revealOrTop} />
      <div
        class="around-events"
        ref={scroller}
        onScroll={noteScrolled}
        onFocusIn={({ target }) => (hold.isSelected.value = target instanceof Element && target.closest('.around-row') !== null)}
        onFocusOut={({ currentTarget, relatedTarget }) => {
          hold.isSelected.value = relatedTarget instanceof Node ? currentTarget.contains(relatedTarget) : !document.hasFocus();
        }}
        onPointerMove={keepStill}
        onPointerDown={() => {
          hold.isPressed.value = true;
          const release = (): void => void (hold.isPressed.value = false);
          addEventListener('pointerup', release, { once: true });
          addEventListener('pointercancel', release, { once: true });
        }}
      >
        <ol class="around-list">
          <Edge side={newer} name="newer" load={() => load('after')} />
          {newer.events.toReversed().map(row)}
          <li ref={middleRow} class="around-middle">
            <AroundRow event={middle} middle={middle} isOpen={middle.id === openId} />
          </li>
          {older.events.toReversed().map(row)}
          <Edge side={older} name="older" load={() => load('before')} />
        </ol>
      </div>
    </>
  );
}

function Edge({
  side: { events, hasMore, error },
  name,
  load,
}: {
  readonly side: Side;
  readonly name: 'newer' | 'older';
  readonly load: () => void;
}) {
  if (error !== null) {
    return (
      <li>
        <Problem error={error} retry={load} />
      </li>
    );
  }
  if (!hasMore) {
    const none = events.length === 0 ? 'No older events' : 'No more older events';
    return <li class="around-edge faint">{name === 'newer' ? 'New events appear here' : none}</li>;
  }
  return (
    <li class="around-edge">
      <button type="button" class="button quiet" disabled={events.length === 0} onClick={load}>
        {aroundPageSize} {name}
      </button>
    </li>
  );
}

function AroundRow({ event, middle, isOpen }: { readonly event: AroundEvent; readonly middle: AroundEvent; readonly isOpen: boolean }) {
  const { id, occurred, resource, related } = event;
  const { date, time, fraction } = formatInstant(occurred, zoneOrLocal(view.value.zone));
  const content = (
    <a class="around-row" {...linkTo({ event: id })} aria-current={isOpen ? 'true' : undefined} data-event-id={id} onKeyDown={moveRow}>
      <span class="number muted" title={`${date} ${time}.${fraction}`}>
        {date !== formatInstant(middle.occurred, zoneOrLocal(view.value.zone)).date && `${date} `}
        {time}.{fraction.slice(0, 3)}
      </span>
      <span class="number faint around-gap">{event === middle ? '' : gapText(microsOf(occurred) - microsOf(middle.occurred))}</span>
      <span class="cut">
        <EventName name={event.event} />
      </span>
      <span class="cut">{printable(resource.name || resource.id)}</span>
      <span class="cut muted around-related">
        {related.slice(0, 3).map((each, index) => (
          <span key={index}>
            <span class="faint">{printable(each.role)}=</span>
            {printable(each.name || each.id)}{' '}
          </span>
        ))}
      </span>
    </a>
  );
  return event === middle ? content : <li>{content}</li>;
}

function moveRow(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...(event.currentTarget.closest('ol')?.querySelectorAll<HTMLElement>('.around-row') ?? [])];
  const next = rows[rows.indexOf(event.currentTarget) + step];
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
}
