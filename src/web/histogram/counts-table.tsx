import { printable } from '../text/printable.ts';
import { formatCount, intervalText } from './bar-name.ts';
import type { Bar } from './bars.ts';
import type { TimeCounts } from './time-counts.ts';

/** The bars as a table, for screen readers. */
export function CountsTable({ bars, counts }: { readonly bars: readonly Bar[]; readonly counts: TimeCounts }) {
  const names = counts.kinds.flatMap((name, place) => (name === null ? [] : [{ name: printable(name), place }]));
  return (
    <table class="hidden-text">
      <caption>Events over time</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Events</th>
          {names.map(({ name }) => (
            <th scope="col" key={name}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {bars
          .filter(({ total }) => total > 0)
          .map((bar) => (
            <tr key={bar.start}>
              <th scope="row">{intervalText(bar, counts.zone)}</th>
              <td>{formatCount(bar.total)}</td>
              {names.map(({ name, place }) => (
                <td key={name}>{formatCount(bar.parts[place] ?? 0)}</td>
              ))}
            </tr>
          ))}
      </tbody>
    </table>
  );
}
