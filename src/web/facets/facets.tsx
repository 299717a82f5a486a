/** The values that matching events have, with counts. */
export function Facets() {
  return <aside class="facets" aria-label="Values" />;
}
