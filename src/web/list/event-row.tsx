import type { EventRow as Row } from '../../client/live-feed.ts';
import { kindClass } from '../data/kinds.ts';
import { columnValue, type ListedEvent } from '../data/row-selection.ts';
import { EventName } from '../parts/event-name.tsx';
import { printable } from '../text/printable.ts';
import type { LocalTime } from '../text/time-format.ts';
import { cut, lateText, relatedTexts, valueText } from './row-texts.ts';

export interface EventRowProps {
  readonly row: Row<ListedEvent>;
  readonly time: LocalTime;
  /** The date, on the first row of a day. */
  readonly day: string | null;
  readonly columns: readonly string[];
  /** The row that Tab reaches. */
  readonly isCurrent: boolean;
  readonly isOpen: boolean;
  readonly isFresh: boolean;
}

/** One event. It renders again only when one of these changes. */
export function EventRow({ row, time, day, columns, isCurrent, isOpen, isFresh }: EventRowProps) {
  const { event } = row;
  const late = lateText(event);
  const { shown, more } = relatedTexts(event);
  const names = ['row', day !== null && 'day-start', isOpen && 'open', isFresh && 'fresh'].filter(Boolean).join(' ');
  return (
    <div role="row" class={names} data-event-id={event.id} tabIndex={isCurrent ? 0 : -1} aria-selected={isOpen}>
      <div role="gridcell" class="time number">
        {day !== null && <span class="day">{day}</span>}
        <span class="clock">
          {time.time}
          {time.fraction !== '' && <span class="fraction">.{time.fraction.slice(0, 3)}</span>}
        </span>
      </div>
      <div role="gridcell" class="name">
        <i class={`mark ${kindClass(event.event)}`} />
        <span class="event-name">
          <EventName name={event.event} />
        </span>
        {event.follows !== null && (
          <span class="faint" title="It follows another event">
            ↳<span class="hidden-text"> follows another event</span>
          </span>
        )}
        {late !== null && <span class="late">{late}</span>}
      </div>
      <div role="gridcell" class="resource cut">
        {event.resource.name !== null && <span class="resource-name">{cut(event.resource.name)}</span>}
        <span class={event.resource.name === null ? '' : 'faint'}>{cut(event.resource.id)}</span>
      </div>
      <div role="gridcell" class="related cut">
        {shown.map(({ role, name }, index) => (
          <span key={index} class="related-one">
            <span class="faint">{role}=</span>
            {name}
          </span>
        ))}
        {more > 0 && <span class="faint">+{more}</span>}
      </div>
      {columns.map((column, index) => (
        <div key={column} role="gridcell" class="column cut" data-column={printable(column)}>
          {valueText(columnValue(event, index))}
        </div>
      ))}
    </div>
  );
}
