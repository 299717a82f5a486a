import { useMemo } from 'preact/hooks';
import { printable } from '../text/printable.ts';
import { formatCount, intervalText } from './bar-name.ts';
import type { Bar } from './bars.ts';
import type { TimeCounts } from './time-counts.ts';

interface Column {
  readonly name: string;
  /** Its place among the parts of a bar. */
  readonly place: number;
}

/** The bars as a table, for screen readers. */
export function CountsTable({ bars, counts: { kinds, zone } }: { readonly bars: readonly Bar[]; readonly counts: TimeCounts }) {
  const columns = useMemo(() => kinds.flatMap((name, place) => (name === null ? [] : [{ name: printable(name), place }])), [kinds]);
  return (
    <table class="hidden-text">
      <caption>Events over time</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Events</th>
          {columns.map(({ name }) => (
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
            <BarRow key={bar.start} bar={bar} columns={columns} zone={zone} />
          ))}
      </tbody>
    </table>
  );
}

function BarRow({ bar, columns, zone }: { readonly bar: Bar; readonly columns: readonly Column[]; readonly zone: string }) {
  return useMemo(
    () => (
      <tr>
        <th scope="row">{intervalText(bar, zone)}</th>
        <td>{formatCount(bar.total)}</td>
        {columns.map(({ name, place }) => (
          <td key={name}>{formatCount(bar.parts[place] ?? 0)}</td>
        ))}
      </tr>
    ),
    [bar, columns, zone],
  );
}
