import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useRemote } from '../data/remote.ts';
import { tidings } from '../data/session.ts';
import { isAwake } from '../data/until.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { EventName } from '../parts/event-name.tsx';
import { Problem } from '../parts/problem.tsx';
import { ValueLink } from '../parts/value-link.tsx';
import { linkTo } from '../parts/view-link.ts';
import { addCondition } from '../query/query-text.ts';
import { printable } from '../text/printable.ts';
import { formatInstant, fullTime } from '../text/time-format.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { view } from '../view/current-view.ts';
import { isFlowRun, isRunShown } from './fixed-resource-state.ts';
import { countEvents, readResource, type ResourceCounts } from './resource-query.ts';

import './resource.css';

/** What is known of a resource: its name and labels as last seen, when it was seen, and in which events. */
export function ResourceSummary({ id }: { readonly id: string }) {
  const { value, error, retry, nextAttemptAt } = useRemote(id, (client, signal) => readResource(client, id, signal));
  const counts = useCounts(id);
  const name = value?.resource?.name ?? null;
  const labels = Object.entries(value?.resource?.labels ?? {}).filter(([key, label]) => key !== nameKey || label !== name);
  const isRun = isFlowRun(id);
  return (
    <section class="resource-head" aria-label="About the resource">
      <div class="resource-title">
        <h2 class="value-text">{printable(name || id)}</h2>
        {name && <span class="mono value-text muted">{printable(id)}</span>}
        <CopyButton text={id} name="resource id" />
        <span class="space" />
        {isRun && (
          <span class="segmented" role="group" aria-label="Shown of the flow run">
            <button type="button" aria-pressed={isRunShown.value} onClick={() => (isRunShown.value = true)}>
              Run
            </button>
            <button type="button" aria-pressed={!isRunShown.value} onClick={() => (isRunShown.value = false)}>
              Events
            </button>
          </span>
        )}
      </div>
      {error !== null && <Problem error={error} retry={retry} nextAttemptAt={nextAttemptAt} />}
      {value?.resource === null && <p class="muted">No stored event mentions this resource.</p>}
      {labels.length > 0 && (
        <p class="resource-labels">
          {labels.slice(0, maxLabels).map(([key, label]) => (
            <ValueLink key={key} condition={{ is: 'label', key, value: label }} name={`${printable(key)} ${printable(label)}`}>
              <span class="chip value-text">
                <span class="muted">{printable(key)}</span> {printable(label)}
              </span>
            </ValueLink>
          ))}
          {labels.length > maxLabels && <span class="faint">and {labels.length - maxLabels} more</span>}
        </p>
      )}
      <Facts id={id} counts={counts} related={value?.related ?? null} />
    </section>
  );
}

interface FactsProps {
  readonly id: string;
  readonly counts: ResourceCounts | null;
  readonly related: { readonly count: number; readonly exceeded: boolean } | null;
}

function Facts({ id, counts, related }: FactsProps) {
  const zone = zoneOrLocal(view.value.zone);
  const others = related !== null && related.count > 0;
  const relatedQuery = addCondition('', { is: 'related', role: null, value: id }, 'only');
  return (
    <p class="resource-facts">
      {counts !== null && (counts.total > 0 || others) && (
        <>
          <span>
            <strong class="number">{counts.total.toLocaleString('en')}</strong> {counts.total === 1 ? 'event' : 'events'}
          </span>
          <Moment name="First" instant={counts.first} zone={zone} />
          <Moment name="Last" instant={counts.last} zone={zone} />
        </>
      )}
      {others && (
        <a {...linkTo({ query: relatedQuery, event: null, panel: 'event' })}>
          also related in{' '}
          <span class="number">
            {related.exceeded && '≥ '}
            {related.count.toLocaleString('en')}
          </span>
        </a>
      )}
      {counts?.events.slice(0, maxNames).map(({ event, count }) => (
        <ValueLink key={event} condition={{ is: 'event', value: event }} name={`event ${printable(event)}`}>
          <span class="resource-count">
            <EventName name={event} /> <span class="number muted">{count.toLocaleString('en')}</span>
          </span>
        </ValueLink>
      ))}
      {counts !== null && counts.events.length > maxNames && <span class="faint">and {counts.events.length - maxNames} more names</span>}
    </p>
  );
}

function Moment({ name, instant, zone }: { readonly name: string; readonly instant: string | null; readonly zone: string }) {
  if (instant === null) return null;
  const { date, time } = formatInstant(instant, zone);
  return (
    <span title={fullTime(instant, zone)}>
      <span class="muted">{name}</span>{' '}
      <time class="number" dateTime={instant}>
        {date} {time}
      </time>
    </span>
  );
}

function useCounts(id: string): ResourceCounts | null {
  const counts = useSignal<ResourceCounts | null>(null);
  const client = tidings.value;
  useEffect(() => {
    if (!isAwake.value) return undefined;
    const stop = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const each of countEvents(client, id, stop.signal)) counts.value = each;
    };
    // Without them, the rest of the page is still true: the connection status reports the error.
    follow().catch(() => undefined);
    return () => stop.abort();
  }, [id, client, isAwake.value]);
  return counts.value;
}

const nameKey = 'prefect.resource.name';
const maxLabels = 12;
const maxNames = 6;
