import { useState } from 'preact/hooks';
import { Countdown } from '../parts/countdown.tsx';
import { ChevronIcon } from '../parts/icons.tsx';
import { printable } from '../text/printable.ts';
import { showAllValues } from './all-values-button.ts';
import { useResourceNames } from './resource-names.ts';
import { useValues } from './use-values.ts';
import { ValueItem } from './value-item.tsx';
import type { Field } from './without-field.ts';
import { idOf, type ValueRow } from './value-rows.ts';

export interface ValueLevelProps {
  readonly field: Field;
  /** The values begin with it and a dot. */
  readonly prefix?: string | null;
  /** The number of segments that are told apart here; null: whole values. */
  readonly segments?: number | null;
}

/** The most frequent values of a field, or of one level of its names. */
export function ValueLevel({ field, prefix = null, segments = null }: ValueLevelProps) {
  const { values, isBusy, error, nextAttemptAt } = useValues({ field, prefix, segments, search: '', first: shownValues }).value;
  const rows = values?.rows.slice(0, shownValues) ?? [];
  useResourceNames(field, rows);
  if (error !== null) {
    return (
      <p class="facet-note">
        {error} <Countdown to={nextAttemptAt} />
      </p>
    );
  }
  if (values === null) return <p class="facet-note faint late">Counting</p>;
  if (rows.length === 0) return <p class="facet-note muted">{field.is === 'label' ? 'No primary resource has it.' : 'No values.'}</p>;
  const most = Math.max(...rows.map(({ count }) => count));
  return (
    <ul class={isBusy ? 'values busy' : 'values'}>
      {rows.map((row) => (
        <li key={idOf(row)}>
          {row.isPrefix && segments !== null ? (
            <Branch field={field} row={row} most={most} prefix={prefix} segments={segments} />
          ) : (
            <ValueItem field={field} row={row} most={most} prefix={prefix} />
          )}
        </li>
      ))}
      {values.isMore && (
        <li>
          <button class="show-all" onClick={() => showAllValues({ field, prefix })}>
            Show all
          </button>
        </li>
      )}
    </ul>
  );
}

interface BranchProps {
  readonly field: Field;
  readonly row: ValueRow;
  readonly most: number;
  readonly prefix: string | null;
  readonly segments: number;
}

/** A prefix, with the names beneath when it is opened. */
function Branch({ field, row, most, prefix, segments }: BranchProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <ValueItem field={field} row={row} most={most} prefix={prefix}>
        <button class="toggle" aria-expanded={isOpen} aria-label={`Names beneath ${printable(row.value)}`} onClick={() => setOpen(!isOpen)}>
          <ChevronIcon />
        </button>
      </ValueItem>
      {isOpen && <ValueLevel field={field} prefix={row.value} segments={segments + 1} />}
    </>
  );
}

const shownValues = 10;
