import { useSignal } from '@preact/signals';
import { stringifyLossless, type EventFilter } from '../../client/tidings-client.ts';
import { conditions } from '../data/active-filter.ts';
import { parseFilterJson } from '../query/filter-json.ts';
import { formatQuery } from '../query/format-query.ts';
import { show, view } from '../view/current-view.ts';

/** The whole filter as JSON. What the text of the box can say becomes its text. */
export function JsonFilter() {
  const text = useSignal(indented(conditions.peek()));
  const problem = useSignal<string | null>(null);
  const apply = (): void => {
    const filter = parseFilterJson(text.peek());
    if (typeof filter === 'string') {
      problem.value = filter;
      return;
    }
    const query = formatQuery(filter);
    show(query === null ? { query: '', filter: stringifyLossless(filter) } : { query, filter: null });
    problem.value = null;
  };
  return (
    <form
      class="json-filter"
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <label>
        <span class="section-title">EventFilter as JSON</span>
        <textarea
          class="field mono"
          rows={10}
          spellcheck={false}
          autocapitalize="off"
          aria-invalid={problem.value !== null}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            problem.value = null;
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) apply();
          }}
        />
      </label>
      {problem.value !== null && (
        <p role="alert" class="filter-problem">
          {problem.value}
        </p>
      )}
      <p class="faint">With or, and conditions on several labels of one related resource, it says more than the text.</p>
      <div class="dialog-actions">
        {view.value.filter !== null && (
          <button type="button" class="button" onClick={() => show({ filter: null })}>
            Remove
          </button>
        )}
        <button type="submit" class="button primary">
          Apply
        </button>
      </div>
    </form>
  );
}

function indented(filter: EventFilter): string {
  const text = stringifyLossless(filter);
  // Numbers that doubles do not hold would change.
  return /[\d.]{16}/.test(text) ? text : JSON.stringify(JSON.parse(text), null, 2);
}
