import { ValueLink } from '../parts/value-link.tsx';
import { printable } from '../text/printable.ts';
import { formatCount } from './bar-name.ts';
import type { TimeCounts } from './time-counts.ts';

/** The colours, with links that show only such events. */
export function Legend({ counts }: { readonly counts: TimeCounts }) {
  const { kinds, totals, total, wholeNames } = counts;
  if (totals === null) return <span class="legend muted">There are too many different event names for colours.</span>;
  const countsByName = new Map(totals.map(({ name, count }) => [name, count]));
  const shown = kinds
    .map((name, place) => ({ name, kind: place + 1, count: countsByName.get(name ?? '') ?? 0 }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count);
  const others = total - shown.reduce((sum, { count }) => sum + count, 0);
  return (
    <ul class="legend" aria-label="Most frequent events">
      {shown.map(({ name, kind, count }) => {
        const value = name ?? '';
        return (
          <li key={value}>
            <ValueLink
              condition={wholeNames.has(value) ? { is: 'event', value } : { is: 'event', value: `${value}.*`, isGlob: true }}
              name={`event ${printable(value)}`}
            >
              <i class={`swatch kind-${kind}`} />
              <span class="cut">{printable(value)}</span> <span class="number muted">{formatCount(count)}</span>
            </ValueLink>
          </li>
        );
      })}
      {others > 0 && shown.length > 0 && (
        <li class="others">
          <i class="swatch kind-6" />
          <span>other</span> <span class="number muted">{formatCount(others)}</span>
        </li>
      )}
    </ul>
  );
}
