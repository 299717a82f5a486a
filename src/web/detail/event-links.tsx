import { linkTo } from '../parts/view-link.ts';
import { gapText, microsOf } from '../text/durations.ts';
import { EventName } from '../parts/event-name.tsx';
import { printable } from '../text/printable.ts';
import { maxLinks, type Link, type OpenedEvent } from './event-query.ts';

/** The events before and after it in its chain. */
export function EventLinks({ event }: { readonly event: OpenedEvent }) {
  const { before, after, followsId } = event;
  if (followsId === null && after.length === 0) return null;
  return (
    <section class="detail-section">
      <h3 class="section-title">
        Chain
        <a class="button quiet section-action" {...linkTo({ event: event.id, panel: 'chain' })}>
          Whole chain
        </a>
      </h3>
      {followsId !== null && (
        <Links
          title="Led to it"
          links={before.slice(0, maxLinks).toReversed()}
          of={event}
          hasMore={before.length > maxLinks ? 'before' : null}
        />
      )}
      {followsId !== null && before.length === 0 && (
        <p class="muted">
          It follows <span class="mono value-text">{printable(followsId)}</span>, which is not stored.
        </p>
      )}
      {after.length > 0 && (
        <Links title="Came of it" links={after.slice(0, maxLinks)} of={event} hasMore={after.length > maxLinks ? 'after' : null} />
      )}
    </section>
  );
}

interface Props {
  readonly title: string;
  readonly links: readonly Link[];
  readonly of: OpenedEvent;
  readonly hasMore: 'before' | 'after' | null;
}

function Links({ title, links, of, hasMore }: Props) {
  if (links.length === 0) return null;
  const start = microsOf(of.occurred);
  return (
    <>
      <h4 class="links-title">{title}</h4>
      <ul class="links">
        {hasMore === 'before' && <li class="faint">… earlier events</li>}
        {links.map(({ id, event, occurred, resource }) => (
          <li key={id}>
            <a class="link-row" {...linkTo({ event: id })}>
              <span class="link-gap number faint">{gapText(microsOf(occurred) - start)}</span>
              <span class="cut">
                <EventName name={event} /> <span class="muted">{printable(resource.name || resource.id)}</span>
              </span>
            </a>
          </li>
        ))}
        {hasMore === 'after' && <li class="faint">… more events</li>}
      </ul>
    </>
  );
}
