import { signal, useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { instants } from '../data/active-filter.ts';
import { FilterIcon } from '../parts/icons.tsx';
import { useShortcut } from '../parts/shortcut.ts';
import { parseQuery } from '../query/query-text.ts';
import { view } from '../view/current-view.ts';
import { Chip } from './chip.tsx';
import { problemsOfItems, useExplanation } from './explanation.ts';
import { FilterInput } from './filter-input.tsx';
import { FilterSummary } from './filter-summary.tsx';
import { JsonChip } from './json-chip.tsx';
import { applyWhileTyping, draft, editedItem, items, putItems, removeAllItems, removeItem } from './filter-text.ts';
import './filter-box.css';
import './menus.css';

/** The text of the item that is being edited. */
const edited = signal('');

/** The filter as text: conditions as chips, and a text field behind them. */
export function FilterBox() {
  const field = useRef<HTMLDivElement>(null);
  useExplanation();
  const texts = items.value;
  const amongAll = useComputed(() => among(items.value));
  const amongOthers = useComputed(() => among(items.value.filter((_, index) => index !== editedItem.value)));

  const mainInput = (): HTMLInputElement | null => field.current?.querySelector('.filter-input:last-of-type input') ?? null;
  const chips = (): readonly HTMLElement[] => [...(field.current?.querySelectorAll<HTMLElement>('.condition-text') ?? [])];
  /** Focuses a condition, or the text field behind the last one. */
  const focusOn = (index: number): void => (chips()[Math.max(0, index)] ?? mainInput())?.focus();
  const edit = (index: number): void => {
    edited.value = texts[index] ?? '';
    editedItem.value = index;
  };
  const endEdit = (): void => {
    editedItem.value = null;
    mainInput()?.focus();
  };
  const remove = (index: number): void => {
    removeItem(index);
    mainInput()?.focus();
  };
  useEffect(() => {
    const timer = setTimeout(applyWhileTyping, typingPauseMs);
    return () => clearTimeout(timer);
  }, [draft.value]);
  useShortcut('/', () => {
    mainInput()?.focus();
    mainInput()?.click();
  });

  return (
    <div class="filter-box">
      <div
        ref={field}
        class="filter-field field"
        role="group"
        aria-label="Filter"
        onMouseDown={(event) => {
          if (event.target !== event.currentTarget) return;
          event.preventDefault();
          mainInput()?.focus();
        }}
      >
        <FilterIcon />
        {texts.map((text, index) =>
          editedItem.value === index ? (
            <FilterInput
              key={`edit ${index}`}
              text={edited}
              label={`Edit condition ${index + 1}`}
              among={amongOthers.value}
              isFocused
              onItems={(written) => {
                editedItem.value = null;
                putItems(written, index);
                mainInput()?.focus();
              }}
              onCancel={endEdit}
            />
          ) : (
            <Chip
              key={`${index} ${text}`}
              text={text}
              problem={problemsOfItems.value.get(text) ?? null}
              onEdit={() => edit(index)}
              onRemove={() => remove(index)}
              onMove={(step) => focusOn(index + step)}
            />
          ),
        )}
        {view.value.filter !== null && <JsonChip />}
        <FilterInput
          text={draft}
          label="Filter"
          among={amongAll.value}
          {...(texts.length === 0 && view.value.filter === null && { placeholder: 'Filter by event, resource, label, payload or text' })}
          onItems={(written) => putItems(written, null)}
          onStart={(key) => {
            if (texts.length === 0) return;
            if (key === 'Backspace') remove(texts.length - 1);
            else focusOn(texts.length - 1);
          }}
        />
        {(texts.length > 0 || view.value.filter !== null) && (
          <button
            type="button"
            class="icon-button clear-filter"
            aria-label="Remove all conditions"
            title="Remove all conditions"
            onClick={removeAllItems}
          >
            ×
          </button>
        )}
      </div>
      <FilterSummary />
    </div>
  );
}

/** The filter of some items in the time range. Completions are counted among the events that match it. */
function among(texts: readonly string[]) {
  const { filter } = parseQuery(texts.join(' '));
  const occurred = instants.value;
  return Object.keys(occurred).length === 0 ? filter : { and: [filter, { occurred }] };
}

/** A search word is applied when typing has paused for this long. */
const typingPauseMs = 350;
