import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { EventFilter } from '../../client/tidings-client.ts';
import { tidings } from '../data/session.ts';
import { Problem } from '../parts/problem.tsx';
import { linkTo } from '../parts/view-link.ts';
import { gapText, microsOf } from '../text/durations.ts';
import { EventName } from '../parts/event-name.tsx';
import { printable } from '../text/printable.ts';
import { formatInstant } from '../text/time-format.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { view } from '../view/current-view.ts';
import { aroundPageSize, readAround, type AroundEvent } from './around-query.ts';

interface Props {
  readonly middle: AroundEvent;
  readonly openId: string;
  readonly filter: EventFilter;
}

/** The part of the log on one side of the event. */
interface Side {
  readonly events: readonly AroundEvent[];
  readonly hasMore: boolean;
  readonly error: unknown;
}
const notLoaded: Side = { events: [], hasMore: true, error: null };

/** The events around one, the newest first, as in the list. */
export function AroundList({ middle, openId, filter }: Props) {
  const sides = { before: useSignal(notLoaded), after: useSignal(notLoaded) };
  const stop = useRef(new AbortController());
  const list = useRef<HTMLOListElement>(null);
  const middleRow = useRef<HTMLLIElement>(null);
  /** Where the middle row was before rows were added above it: the reader does not move. */
  const keptTop = useRef<number | null>(null);
  const load = async (way: 'before' | 'after'): Promise<void> => {
    const side = sides[way];
    const { events } = side.peek();
    const edge = (way === 'before' ? events[0] : events.at(-1)) ?? middle;
    try {
      const page = await readAround(tidings.peek(), { filter, cursor: edge.cursor, way, signal: stop.current.signal });
      keptTop.current = events.length === 0 ? null : (middleRow.current?.offsetTop ?? null);
      const hasMore = way === 'before' ? page.hasPreviousPage : page.hasNextPage;
      side.value = { events: way === 'before' ? [...page.nodes, ...events] : [...events, ...page.nodes], hasMore, error: null };
    } catch (error) {
      if (!stop.current.signal.aborted) side.value = { ...side.peek(), error };
    }
  };
  useEffect(() => {
    void load('before');
    void load('after');
    return () => stop.current.abort();
  }, []);
  const newer = sides.after.value;
  const older = sides.before.value;
  useLayoutEffect(() => {
    const row = middleRow.current;
    const scroller = list.current?.parentElement;
    if (row === null || !scroller) return;
    if (keptTop.current !== null) scroller.scrollTop += row.offsetTop - keptTop.current;
    else row.scrollIntoView({ block: 'center' });
    keptTop.current = row.offsetTop;
  }, [newer.events]);
  const row = (event: AroundEvent) => <AroundRow key={event.id} event={event} middle={middle} isOpen={event.id === openId} />;
  return (
    <ol class="around-list" ref={list}>
      <Edge side={newer} name="newer" load={() => void load('after')} />
      {newer.events.toReversed().map(row)}
      <li ref={middleRow} class="around-middle">
        <AroundRow event={middle} middle={middle} isOpen={middle.id === openId} />
      </li>
      {older.events.toReversed().map(row)}
      <Edge side={older} name="older" load={() => void load('before')} />
    </ol>
  );
}

function Edge({ side: { events, hasMore, error }, name, load }: { readonly side: Side; readonly name: string; readonly load: () => void }) {
  if (error !== null) {
    return (
      <li>
        <Problem error={error} retry={load} />
      </li>
    );
  }
  if (!hasMore) return <li class="around-edge faint">{events.length === 0 ? `No ${name} events` : `No more ${name} events`}</li>;
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
