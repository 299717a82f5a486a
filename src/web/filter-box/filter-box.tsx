import { show, view } from '../view/current-view.ts';

/** The filter as text. */
export function FilterBox() {
  return (
    <div class="filter-box">
      <input class="field" aria-label="Filter" value={view.value.query} onChange={(event) => show({ query: event.currentTarget.value })} />
    </div>
  );
}
