import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { AroundIcon, ChainIcon, ChevronDownIcon, CloseIcon, CopyIcon, DownIcon, UpIcon } from '../parts/icons.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { EventName } from '../parts/event-name.tsx';
import { Popover } from '../parts/popover.tsx';
import { ValueLink } from '../parts/value-link.tsx';
import { exactDuration, microsOf } from '../text/durations.ts';
import { printable } from '../text/printable.ts';
import { fullTime, relativeTo } from '../text/time-format.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { show, view } from '../view/current-view.ts';
import { CopyItems } from './event-copy-items.tsx';
import type { OpenedEvent } from './event-query.ts';

interface Props {
  readonly id: string;
  readonly event: OpenedEvent | null;
  readonly neighbour: (id: string, step: 1 | -1) => string | null;
}

/** The name of the event, its times and id, and what can be done with it. */
export function EventHead({ id, event, neighbour }: Props) {
  const above = neighbour(id, -1);
  const below = neighbour(id, 1);
  const { panel } = view.value;
  return (
    <header class="detail-head">
      <div class="detail-tools" role="toolbar" aria-label="Event">
        <button
          type="button"
          class="icon-button"
          title="Event above"
          aria-label="Event above"
          disabled={above === null}
          onClick={() => show({ event: above })}
        >
          <UpIcon />
        </button>
        <button
          type="button"
          class="icon-button"
          title="Event below"
          aria-label="Event below"
          disabled={below === null}
          onClick={() => show({ event: below })}
        >
          <DownIcon />
        </button>
        <span class="space" />
        <button
          type="button"
          class="button quiet"
          aria-pressed={panel === 'chain'}
          title="What led to it and what came of it (c)"
          onClick={() => show({ panel: panel === 'chain' ? 'event' : 'chain' })}
        >
          <ChainIcon /> Chain
        </button>
        <button
          type="button"
          class="button quiet"
          aria-pressed={panel === 'around'}
          title="Events before and after it (x)"
          onClick={() => show({ panel: panel === 'around' ? 'event' : 'around' })}
        >
          <AroundIcon /> Around
        </button>
        <Popover
          label="Copy"
          kind="menu"
          button={
            <>
              <CopyIcon /> Copy <ChevronDownIcon />
            </>
          }
        >
          <CopyItems id={id} />
        </Popover>
        <button
          type="button"
          class="icon-button"
          title="Close (Esc)"
          aria-label="Close"
          onClick={() => show({ event: null, panel: 'event' })}
        >
          <CloseIcon />
        </button>
      </div>
      {event !== null && (
        <>
          <h2 class="detail-title">
            <ValueLink condition={{ is: 'event', value: event.event }} name={`event ${printable(event.event)}`}>
              <EventName name={event.event} />
            </ValueLink>
          </h2>
          <Times event={event} />
        </>
      )}
    </header>
  );
}

function Times({ event: { id, occurred, received } }: { readonly event: OpenedEvent }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  const zone = zoneOrLocal(view.value.zone);
  const delay = microsOf(received) - microsOf(occurred);
  return (
    <dl class="detail-times">
      <dt>Occurred</dt>
      <dd>
        <time dateTime={occurred} class="number">
          {fullTime(occurred, zone)}
        </time>{' '}
        <span class="muted">{relativeTo(occurred, now.value)}</span>
      </dd>
      {zone !== 'UTC' && (
        <>
          <dt>In UTC</dt>
          <dd>
            <time dateTime={occurred} class="number">
              {occurred.replace('T', ' ').replace('Z', ' UTC')}
            </time>
          </dd>
        </>
      )}
      <dt>Received</dt>
      <dd>
        <time dateTime={received} class="number">
          {fullTime(received, zone)}
        </time>{' '}
        <span class={delay > lateMicros ? 'late' : 'muted'}>
          {delay < 0
            ? `${exactDuration(-delay)} earlier: one of the clocks is wrong`
            : delay > lateMicros
              ? `late by ${exactDuration(delay)}`
              : `${exactDuration(delay)} later`}
        </span>
      </dd>
      <dt>Id</dt>
      <dd class="with-copy">
        <span class="mono value-text">{printable(id)}</span>
        <CopyButton text={id} name="id" />
      </dd>
    </dl>
  );
}

const lateMicros = 60_000_000;
