/** The number of events over the time range. */
export function Histogram() {
  return <section class="histogram" aria-label="Events over time" />;
}
