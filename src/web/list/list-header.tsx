import { show, viewOf } from '../view/current-view.ts';
import { printable } from '../text/printable.ts';

const order = viewOf((view) => view.order);

/** The names of the columns. The time changes between the two orders of the list. */
export function ListHeader({ columns }: { readonly columns: readonly string[] }) {
  const isLog = order.value === 'log';
  return (
    <div role="rowgroup">
      <div role="row" class="row head" aria-rowindex={1}>
        <div role="columnheader" class="time" aria-sort={isLog ? 'none' : 'descending'}>
          <button
            type="button"
            class="sort"
            title={isLog ? 'In the order of the log: latest received first' : 'By the time at which events occurred: latest first'}
            onClick={() => show({ order: isLog ? 'occurred' : 'log' })}
          >
            Time <span class="faint">{isLog ? 'log order' : '↓'}</span>
          </button>
        </div>
        <div role="columnheader" class="name">
          Event
        </div>
        <div role="columnheader" class="resource">
          Resource
        </div>
        <div role="columnheader" class="related">
          Related
        </div>
        {columns.map((column) => (
          <div key={column} role="columnheader" class="column cut" title={printable(column)}>
            {printable(column)}
          </div>
        ))}
      </div>
    </div>
  );
}
