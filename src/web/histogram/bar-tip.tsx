import { formatCount, eventsText, intervalText, partsOf } from './bar-name.ts';
import type { Bar } from './bars.ts';
import type { TimeCounts } from './time-counts.ts';

/** The numbers of one bar, beneath it. The name of the bar says the same to assistive technology. */
export function BarTip({ bar, counts, at }: { readonly bar: Bar; readonly counts: TimeCounts; readonly at: number }) {
  const side = at < 15 ? 'start' : at > 85 ? 'end' : 'middle';
  return (
    <div class={`bar-tip ${side}`} aria-hidden="true" style={{ left: `${at}%` }}>
      <div class="muted">{intervalText(bar, counts.zone)}</div>
      <div class="tip-total">{eventsText(bar.total)}</div>
      {partsOf(bar, counts.kinds).map(({ kind, name, count }) => (
        <div key={kind} class="tip-part">
          <i class={`swatch kind-${kind}`} />
          <span class="cut">{name}</span>
          <span class="number">{formatCount(count)}</span>
        </div>
      ))}
    </div>
  );
}
