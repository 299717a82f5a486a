import type { ComponentChildren } from 'preact';
import type { Condition } from '../query/condition.ts';
import { addCondition } from '../query/query-text.ts';
import { hrefOf, show, view } from '../view/current-view.ts';
import { opensElsewhere } from './view-link.ts';

export interface ValueLinkProps {
  readonly condition: Condition;
  /** The value in words, for assistive technology: `region eu`. */
  readonly name: string;
  readonly children: ComponentChildren;
}

/** A value of an event: a click shows only events that have it, with Alt only those that do not. */
export function ValueLink({ condition, name, children }: ValueLinkProps) {
  const apply = (how: 'only' | 'not'): void => show({ query: addCondition(view.peek().query, condition, how) });
  return (
    <a
      class="value"
      href={hrefOf({ query: addCondition(view.value.query, condition, 'only') })}
      title={`Only ${name} (Alt: not)`}
      onClick={(event) => {
        if (opensElsewhere(event)) return;
        event.preventDefault();
        event.stopPropagation();
        apply(event.altKey ? 'not' : 'only');
      }}
      onKeyDown={(event) => {
        if (event.key !== '+' && event.key !== '-') return;
        event.preventDefault();
        event.stopPropagation();
        apply(event.key === '+' ? 'only' : 'not');
      }}
    >
      {children}
    </a>
  );
}
