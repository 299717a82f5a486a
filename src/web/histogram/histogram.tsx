import { useEffect, useRef } from 'preact/hooks';
import { ChevronIcon, ZoomOutIcon } from '../parts/icons.tsx';
import { Countdown } from '../parts/countdown.tsx';
import { isHistogramShown } from '../parts/settings.ts';
import { useShortcut } from '../parts/shortcut.ts';
import { show, view } from '../view/current-view.ts';
import { eventsText, formatCount } from './bar-name.ts';
import { Chart } from './chart.tsx';
import { CountsTable } from './counts-table.tsx';
import { afterwards, domainOf, type Domain } from './domain.ts';
import './histogram.css';
import { Legend } from './legend.tsx';
import { focusBar } from './select.ts';
import { bars, domain, zoomOut } from './shown-bars.ts';
import {
  countAgain,
  countsState,
  followTimeCounts,
  isOutgrown,
  now,
  timeCounts,
  type CountsState,
  type TimeCounts,
} from './time-counts.ts';
import { scaleWords } from './time-scale.ts';
import { instantAt } from '../text/time-instant.ts';

/** The number of events over the time range. */
export function Histogram() {
  const section = useRef<HTMLElement>(null);
  useEffect(() => followTimeCounts(), []);
  useEffect(() => {
    const timer = setInterval(moveEnd, 1000);
    return () => clearInterval(timer);
  }, []);
  useShortcut('z', () => zoomOut());
  useShortcut('h', () => {
    isHistogramShown.value = !isHistogramShown.value;
    if (isHistogramShown.value) queueMicrotask(() => focusBar(section.current)); // behind the rendering
  });
  const counts = timeCounts.value;
  const state = countsState.value;
  return (
    <section
      ref={section}
      class={`histogram ${state.is} ${isHistogramShown.value ? '' : 'folded'}`}
      aria-label="Events over time"
      aria-busy={state.is === 'busy'}
    >
      <div class="histogram-head">
        {counts === null ? <Waiting state={state} /> : <Head counts={counts} />}
        <span class="space" />
        {(view.value.range.since !== null || view.value.range.until !== null) && (
          <button type="button" class="icon-button" aria-label="Zoom out" title="Zoom out (z)" onClick={() => zoomOut()}>
            <ZoomOutIcon />
          </button>
        )}
        <button
          type="button"
          class="icon-button fold"
          aria-label="Histogram"
          aria-expanded={isHistogramShown.value}
          title={isHistogramShown.value ? 'Hide the histogram (h)' : 'Show the histogram (h)'}
          onClick={() => (isHistogramShown.value = !isHistogramShown.value)}
        >
          <ChevronIcon />
        </button>
      </div>
      {isHistogramShown.value && (
        <div class="plot">
          {counts !== null && <Chart counts={counts} />}
          {state.is === 'failed' ? <Failure message={state.message} /> : counts === null ? <Skeleton /> : null}
          {state.is === 'current' && counts?.total === 0 && <p class="plot-note muted">No event matches in this time range.</p>}
          {counts !== null && <CountsTable bars={bars.value} counts={counts} />}
        </div>
      )}
    </section>
  );
}

function Head({ counts }: { readonly counts: TimeCounts }) {
  const later = afterwards(counts.bars, domain.value);
  return (
    <>
      <strong class="total number">{eventsText(counts.total)}</strong>
      <span class="faint scale">{scaleWords(counts.plan.scale)} a bar</span>
      {later > 0 && <Later count={later} domain={domain.value} />}
      <Legend counts={counts} />
    </>
  );
}

/** Events of clocks that are ahead. */
function Later({ count, domain: { to } }: { readonly count: number; readonly domain: Domain }) {
  return (
    <button type="button" class="button quiet later" onClick={() => show({ range: { since: instantAt(to), until: null } })}>
      {formatCount(count)} later than now
    </button>
  );
}

function Failure({ message }: { readonly message: string }) {
  return (
    <p class="plot-note" role="alert">
      <span>{message}</span>
      <button type="button" class="button" onClick={countAgain}>
        Count again
      </button>
    </p>
  );
}

/** Before the first counts. */
function Waiting({ state }: { readonly state: CountsState }) {
  if (state.is !== 'busy') return null;
  const { reason, nextAttemptAt = null } = state;
  return (
    <span class="muted cut">
      Counting{reason !== undefined && `: ${reason}`} <Countdown to={nextAttemptAt} />
    </span>
  );
}

function Skeleton() {
  return <div class="plot-skeleton skeleton" />;
}

/** The axis of a range that has no end goes on, by one bar at a time. */
function moveEnd(): void {
  const counts = timeCounts.peek();
  if (counts === null || counts.plan.isFixed || !view.peek().isLive || document.hidden) return;
  const { plan } = counts;
  if (domainOf(plan, counts.bars, Date.now()).to === domainOf(plan, counts.bars, now.peek()).to) return;
  now.value = Date.now();
  if (isOutgrown(counts)) countAgain();
}
