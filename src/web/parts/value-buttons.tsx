import type { Condition } from '../query/condition.ts';
import { addCondition, removeCondition, stateOf } from '../query/query-text.ts';
import { show, view } from '../view/current-view.ts';

export interface ValueButtonsProps {
  readonly condition: Condition;
  /** The value in words, for assistive technology: `region eu`. */
  readonly name: string;
}

/** + shows only events with a value, − only those without it. Pressed again, the condition is removed. */
export function ValueButtons({ condition, name }: ValueButtonsProps) {
  const state = stateOf(view.value.query, condition);
  return (
    <span class="value-buttons">
      <button
        type="button"
        aria-label={`Only ${name}`}
        title="Only (+)"
        aria-pressed={state === 'only'}
        onClick={() => toggle(condition, 'only')}
      >
        +
      </button>
      <button
        type="button"
        aria-label={`Not ${name}`}
        title="Not (−)"
        aria-pressed={state === 'not'}
        onClick={() => toggle(condition, 'not')}
      >
        −
      </button>
    </span>
  );
}

function toggle(condition: Condition, how: 'only' | 'not'): void {
  const { query } = view.peek();
  show({ query: stateOf(query, condition) === how ? removeCondition(query, condition) : addCondition(query, condition, how) });
}
