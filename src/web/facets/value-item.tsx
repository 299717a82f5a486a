import type { ComponentChildren } from 'preact';
import { ValueButtons } from '../parts/value-buttons.tsx';
import { ValueLink } from '../parts/value-link.tsx';
import { stateOf } from '../query/query-text.ts';
import { printable } from '../text/printable.ts';
import { view } from '../view/current-view.ts';
import { conditionOf, fieldName } from './count-request.ts';
import { resourceNames } from './resource-names.ts';
import type { Field } from './without-field.ts';
import type { ValueRow } from './value-rows.ts';

export interface ValueItemProps {
  readonly field: Field;
  readonly row: ValueRow;
  /** The count of the most frequent value beside it. */
  readonly most: number;
  /** The beginning of the value that is shown above it already. */
  readonly prefix?: string | null;
  /** In front: a button that opens the values beneath. */
  readonly children?: ComponentChildren;
}

/** A value with the number of its events. */
export function ValueItem({ field, row, most, prefix = null, children }: ValueItemProps) {
  const { value, isPrefix, count } = row;
  const condition = conditionOf(field, row);
  const state = stateOf(view.value.query, condition);
  const name = field.is === 'resource' || field.is === 'role' ? resourceNames.value.get(value) : null;
  const text = printable(prefix === null ? value : value.slice(prefix.length + 1));
  const words = `${fieldName(field)} ${printable(value)}${isPrefix ? '.*' : ''}`;
  return (
    <div class={`value-item ${state ?? ''}`} style={{ '--share': count / Math.max(most, 1) }}>
      {children ?? <span class="no-toggle" />}
      <ValueLink condition={condition} name={words}>
        <span class="cut" title={printable(value)}>
          {typeof name === 'string' && !isPrefix ? (
            <>
              {printable(name)} <span class="faint">{text}</span>
            </>
          ) : value === '' ? (
            <em>empty</em>
          ) : (
            text
          )}
          {isPrefix && <span class="faint">.*</span>}
        </span>
      </ValueLink>
      {state !== null && <span class="hidden-text">{state === 'only' ? 'selected' : 'excluded'}</span>}
      <span class="number count">{count.toLocaleString('en-US')}</span>
      <ValueButtons condition={condition} name={words} />
    </div>
  );
}
