import { useLayoutEffect, useRef } from 'preact/hooks';
import { neighbourOf } from '../data/neighbours.ts';
import { useRemote } from '../data/remote.ts';
import { ErrorBoundary } from '../parts/error-boundary.tsx';
import { Problem } from '../parts/problem.tsx';
import { Payload } from '../payload/payload.tsx';
import { printable } from '../text/printable.ts';
import { view } from '../view/current-view.ts';
import { EventHead } from './event-head.tsx';
import { EventLinks } from './event-links.tsx';
import { readEvent } from './event-query.ts';
import { NotInList } from './not-in-list.tsx';
import { ResizeHandle } from './resize-handle.tsx';
import { RelatedResources, ResourceSection } from './resource-section.tsx';
import './detail.css';

/** Everything about one event. */
export function EventPanel({ id }: { readonly id: string }) {
  const { value, error, isStale, retry, nextAttemptAt } = useRemote(id, (client, signal) => readEvent(client, id, signal));
  const panel = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    // Where it covers the list, its controls come first.
    if (matchMedia('(max-width: 1099px)').matches && view.peek().panel === 'event') panel.current?.focus();
  }, []);
  const event = value?.event ?? null;
  return (
    <section class="detail" aria-label="Open event" tabIndex={-1} ref={panel} data-panel={view.value.panel} aria-busy={isStale}>
      <ResizeHandle />
      <EventHead id={id} event={event} neighbour={neighbourOf.value} />
      <div class="detail-scroller">
        {error !== null && <Problem error={error} retry={retry} nextAttemptAt={nextAttemptAt} />}
        {value === undefined && error === null && <Skeleton />}
        {value !== undefined && event === null && <Gone id={id} retentionDays={value.retentionDays} />}
        {event !== null && (
          <div class="detail-body">
            <NotInList id={id} />
            <ResourceSection resource={event.resource} />
            <RelatedResources related={event.related} />
            <EventLinks event={event} />
            <ErrorBoundary name="Payload">
              <Payload id={id} bytes={event.payloadBytes} />
            </ErrorBoundary>
          </div>
        )}
      </div>
    </section>
  );
}

function Gone({ id, retentionDays }: { readonly id: string; readonly retentionDays: number | null }) {
  return (
    <div class="detail-note" role="status">
      <p>
        <strong>No event with this id (any more)</strong>
      </p>
      <p class="mono value-text">{printable(id)}</p>
      <p class="muted">
        {retentionDays === null
          ? 'This server keeps events without a time limit. The event was never stored here, or the key of this page cannot read it.'
          : `This server keeps events for ${retentionDays} ${retentionDays === 1 ? 'day' : 'days'} after they were received. The event was removed, was never stored here, or the key of this page cannot read it.`}
      </p>
    </div>
  );
}

function Skeleton() {
  return (
    <div class="detail-body detail-skeleton" aria-hidden="true">
      {[60, 90, 40, 75, 55].map((width) => (
        <div key={width} class="skeleton" style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}
