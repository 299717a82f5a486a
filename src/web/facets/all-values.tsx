import { useEffect, useState } from 'preact/hooks';
import { Countdown } from '../parts/countdown.tsx';
import { ModalDialog } from '../parts/modal-dialog.tsx';
import { printable } from '../text/printable.ts';
import { allValues, type AllValuesRequest } from './all-values-button.ts';
import { fieldName } from './count-request.ts';
import { useResourceNames } from './resource-names.ts';
import { useValues } from './use-values.ts';
import { ValueItem } from './value-item.tsx';
import { idOf } from './value-rows.ts';

/** All values of a field, with a search. */
export function AllValues({ field, prefix }: AllValuesRequest) {
  const [typed, setTyped] = useState('');
  const [search, setSearch] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed), 200);
    return () => clearTimeout(timer);
  }, [typed]);
  const title = `All values of ${printable(fieldName(field))}${prefix === null ? '' : ` in ${printable(prefix)}.*`}`;
  return (
    <ModalDialog title={title} class="all-values" onClose={() => (allValues.value = null)}>
      <input
        class="field"
        type="search"
        placeholder="Search"
        aria-label="Search values"
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <Found field={field} prefix={prefix} search={search} />
    </ModalDialog>
  );
}

function Found({ field, prefix, search }: AllValuesRequest & { readonly search: string }) {
  const { values, isBusy, error, nextAttemptAt } = useValues({ field, prefix, segments: null, search, first: maxShown }).value;
  const all = values?.rows ?? [];
  const rows = prefix === null ? all : all.filter(({ value }) => value.startsWith(`${prefix}.`));
  useResourceNames(field, rows);
  if (error !== null) {
    return (
      <p class="facet-note">
        {error} <Countdown to={nextAttemptAt} />
      </p>
    );
  }
  if (values === null) return <p class="facet-note faint">Counting</p>;
  const most = Math.max(...rows.map(({ count }) => count));
  return (
    <>
      <p class="muted" role="status">
        {values.isMore ? `The ${rows.length.toLocaleString('en-US')} most frequent values. Search for others.` : countText(rows.length)}
      </p>
      <ul class={isBusy ? 'values busy' : 'values'}>
        {rows.map((row) => (
          <li key={idOf(row)}>
            <ValueItem field={field} row={row} most={most} />
          </li>
        ))}
      </ul>
    </>
  );
}

function countText(count: number): string {
  return `${count.toLocaleString('en-US')} value${count === 1 ? '' : 's'}`;
}

const maxShown = 500;
