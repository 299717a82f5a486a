import { useSignal } from '@preact/signals';
import { copy } from '../parts/copy.ts';
import { CloseIcon, CopyIcon } from '../parts/icons.tsx';
import { opensElsewhere } from '../parts/view-link.ts';
import { printable } from '../text/printable.ts';
import { hrefOf, show, view } from '../view/current-view.ts';
import { readView, writeView } from '../view/view.ts';
import './saved-views.css';
import { defaultViews, keptSearch, removeView, savedViews, saveView, searchOfLink, type SavedView } from './saved-views.ts';

/** The choice of a view; a form saves the present one, or one from a link. */
export function ViewChoice() {
  const current = keptSearch(writeView(view.value));
  return (
    <div class="view-choice">
      <ul aria-label="Views">
        {defaultViews.map((each) => (
          <ViewRow key={each.name} saved={each} isCurrent={each.search === current} />
        ))}
        {savedViews.value.map((each) => (
          <ViewRow key={`saved ${each.name}`} saved={each} isCurrent={each.search === current} onRemove={() => removeView(each.name)} />
        ))}
      </ul>
      <SaveForm />
    </div>
  );
}

interface ViewRowProps {
  readonly saved: SavedView;
  readonly isCurrent: boolean;
  readonly onRemove?: () => void;
}

function ViewRow({ saved: { name, search }, isCurrent, onRemove }: ViewRowProps) {
  const href = hrefOf({ ...readView(search), event: null });
  return (
    <li>
      <a
        href={href}
        aria-current={isCurrent ? 'true' : undefined}
        onClick={(event) => {
          if (opensElsewhere(event)) return;
          event.preventDefault();
          show(readView(search));
        }}
      >
        <span class="cut">{printable(name)}</span>
        <span class="cut faint mono">{printable(new URLSearchParams(search).get('q') ?? '')}</span>
      </a>
      <button
        type="button"
        class="icon-button"
        aria-label={`Copy the link of ${printable(name)}`}
        title="Copy the link"
        onClick={() => void copy(new URL(href, location.href).href, 'the link of the view')}
      >
        <CopyIcon />
      </button>
      {onRemove !== undefined && (
        <button type="button" class="icon-button" aria-label={`Remove ${printable(name)}`} title="Remove" onClick={onRemove}>
          <CloseIcon />
        </button>
      )}
    </li>
  );
}

function SaveForm() {
  const name = useSignal('');
  const link = useSignal('');
  const problem = useSignal<string | null>(null);
  const save = (): void => {
    const search = link.peek().trim() === '' ? keptSearch(writeView(view.peek())) : searchOfLink(link.peek(), location.href);
    if (name.peek().trim() === '') problem.value = 'Name the view.';
    else if (search === null) problem.value = 'Expected a link, such as one that was copied from this list.';
    else {
      saveView(name.peek().trim(), search);
      name.value = '';
      link.value = '';
      problem.value = null;
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label>
        <span class="section-title">Save as</span>
        <input
          class="field"
          maxLength={80}
          autocomplete="off"
          placeholder="Name"
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
      </label>
      <label>
        <span class="section-title">Link</span>
        <input
          class="field"
          autocomplete="off"
          placeholder="this view"
          value={link.value}
          onInput={(event) => (link.value = event.currentTarget.value)}
        />
      </label>
      {problem.value !== null && (
        <p role="alert" class="filter-problem">
          {problem.value}
        </p>
      )}
      <p class="faint">Views are kept in this browser. To share one, copy its link.</p>
      <div class="dialog-actions">
        <button type="submit" class="button primary">
          Save
        </button>
      </div>
    </form>
  );
}
