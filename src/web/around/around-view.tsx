import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { useRemote } from '../data/remote.ts';
import { BackButton } from '../parts/back-button.tsx';
import { Problem } from '../parts/problem.tsx';
import { printable } from '../text/printable.ts';
import { AroundList } from './around-list.tsx';
import { readMiddle, surroundingsOf } from './around-query.ts';
import './around.css';

/** The events before and after an event, whatever the filter of the list. */
export function AroundView({ id }: { readonly id: string }) {
  // Opening another event of the list does not move the list.
  const middleId = useSignal(id);
  const {
    value: middle,
    error,
    retry,
    nextAttemptAt,
  } = useRemote(middleId.value, (client, signal) => readMiddle(client, middleId.value, signal));
  // Loaded again, everything around it is.
  const loaded = useMemo(() => (loads += 1), [middle]);
  const tab = useSignal(0);
  const typed = useSignal('');
  const search = useSignal('');
  const tabs = middle ? surroundingsOf(middle) : [];
  const current = tabs[tab.value] ?? tabs[0];
  return (
    <main class="instead-of-list around" aria-label="Around the event">
      <header class="view-head">
        <h2>Around the event</h2>
        <div class="tabs" role="tablist" aria-label="Surroundings" onKeyDown={moveTab}>
          {tabs.map(({ name }, index) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`around-tab-${index}`}
              aria-controls="around-events"
              aria-selected={tabs[index] === current}
              tabIndex={tabs[index] === current ? 0 : -1}
              onClick={() => (tab.value = index)}
            >
              {printable(name)}
            </button>
          ))}
        </div>
        <form
          class="around-search"
          onSubmit={(event) => {
            event.preventDefault();
            search.value = typed.value.trim();
          }}
        >
          <input
            class="field"
            type="search"
            aria-label="Search around the event"
            placeholder="Search, then Enter"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
              if (typed.value === '') search.value = '';
            }}
          />
        </form>
        {middleId.value !== id && (
          <button type="button" class="button quiet" onClick={() => (middleId.value = id)}>
            Around the open one
          </button>
        )}
        <BackButton />
      </header>
      {error !== null && <Problem error={error} retry={retry} nextAttemptAt={nextAttemptAt} />}
      {middle === null && <p class="view-note muted">No event with this id (any more).</p>}
      {middle && current !== undefined && (
        <div class="around-place" id="around-events" role="tabpanel" aria-labelledby={`around-tab-${tabs.indexOf(current)}`}>
          <AroundList
            key={JSON.stringify([loaded, current.filter, search.value])}
            middle={middle}
            openId={id}
            filter={withText(current.filter, search.value)}
            reload={retry}
          />
        </div>
      )}
    </main>
  );
}

let loads = 0;

function withText(filter: object, text: string): object {
  return text === '' ? filter : { ...filter, text };
}

function moveTab(event: KeyboardEvent): void {
  if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
  const { target } = event;
  const next =
    target instanceof HTMLElement ? (event.key === 'ArrowLeft' ? target.previousElementSibling : target.nextElementSibling) : null;
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
  next.click();
}
