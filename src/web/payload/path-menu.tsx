import type { Signal } from '@preact/signals';
import { stringifyLossless } from '../../client/tidings-client.ts';
import { copy } from '../parts/copy.ts';
import { SharedMenu } from '../parts/shared-menu.tsx';
import { addCondition } from '../query/query-text.ts';
import { columnText } from '../view/columns.ts';
import { show, view } from '../view/current-view.ts';
import { isContainer } from './json-value.ts';

/** A value whose menu is open, and the element that opened it. */
export interface PathTarget {
  readonly path: string | null;
  readonly value: unknown;
  readonly opener: HTMLElement;
}

/** What can be done with the path of a value: one menu for the whole tree. */
export function PathMenu({ target }: { readonly target: Signal<PathTarget | null> }) {
  const current = target.value;
  return (
    <SharedMenu name="Path" opener={current?.opener ?? null} onClose={() => (target.value = null)}>
      {current !== null && <PathItems path={current.path} value={current.value} />}
    </SharedMenu>
  );
}

function PathItems({ path, value }: { readonly path: string | null; readonly value: unknown }) {
  const apply = (how: 'only' | 'not') => () => {
    if (path !== null) show({ query: addCondition(view.peek().query, { is: 'payload', path, value }, how) });
  };
  const column = path === null ? null : columnText({ is: 'payload', path });
  const isColumn = column !== null && view.value.columns.includes(column);
  const { columns } = view.value;
  return (
    <>
      {path === null && <p class="menu-note">The path is too long for a filter.</p>}
      {path !== null && !isContainer(value) && (
        <>
          <button type="button" onClick={apply('only')}>
            Only events with this value
          </button>
          <button type="button" onClick={apply('not')}>
            Not this value
          </button>
        </>
      )}
      {column !== null && (
        <button
          type="button"
          onClick={() => show({ columns: isColumn ? columns.filter((each) => each !== column) : [...columns, column] })}
        >
          {isColumn ? 'Remove the column' : 'Add as a column'}
        </button>
      )}
      {path !== null && (
        <button type="button" onClick={() => void copy(path, 'Path')}>
          Copy the path
        </button>
      )}
      <button type="button" onClick={() => void copy(typeof value === 'string' ? value : stringifyLossless(value), 'Value')}>
        Copy the value
      </button>
    </>
  );
}
