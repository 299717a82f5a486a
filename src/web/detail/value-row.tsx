import type { ComponentChildren } from 'preact';
import { CopyButton } from '../parts/copy-button.tsx';
import { MinusIcon, PlusIcon } from '../parts/icons.tsx';
import { ValueLink } from '../parts/value-link.tsx';
import type { Condition } from '../query/condition.ts';
import { addCondition } from '../query/query-text.ts';
import { printable } from '../text/printable.ts';
import { show, view } from '../view/current-view.ts';

interface Props {
  readonly condition: Condition;
  /** The value in words, for assistive technology: `region eu`. */
  readonly name: string;
  /** What is copied. */
  readonly value: string;
  readonly children?: ComponentChildren;
}

/** A value that can be shown only, left out, and copied. On the focused value, the keys + and − do the same. */
export function ValueWithActions({ condition, name, value, children }: Props) {
  const apply = (how: 'only' | 'not') => () => show({ query: addCondition(view.peek().query, condition, how) });
  return (
    <span class="value-with-actions">
      <ValueLink condition={condition} name={name}>
        {children ?? <span class={value === '' ? 'empty-value' : 'value-text'}>{value === '' ? 'empty' : printable(value)}</span>}
      </ValueLink>
      <span class="value-actions">
        <button
          type="button"
          class="icon-button value-action"
          tabIndex={-1}
          title={`Only ${name}`}
          aria-label={`Only ${name}`}
          onClick={apply('only')}
        >
          <PlusIcon />
        </button>
        <button
          type="button"
          class="icon-button value-action"
          tabIndex={-1}
          title={`Not ${name}`}
          aria-label={`Not ${name}`}
          onClick={apply('not')}
        >
          <MinusIcon />
        </button>
        <CopyButton text={value} name={name} />
      </span>
    </span>
  );
}
