import { feedStatus, retryFeed } from '../data/feed-state.ts';
import { liveTotal } from '../data/spans.ts';
import { Countdown } from '../parts/countdown.tsx';
import { parseFilterJson } from '../query/filter-json.ts';
import { printable } from '../text/printable.ts';
import { view } from '../view/current-view.ts';
import { aboutText, countText } from './count-text.ts';
import { explanation, filterRejection, hasOwnEvents, isExplanationStale, problemsOfItems } from './explanation.ts';
import { items, putItems } from './filter-text.ts';
import { JsonButton } from './json-chip.tsx';

/** Beneath the filter: how many events match, the filter in words, and what is wrong with it. */
export function FilterSummary() {
  const explained = explanation.value;
  const problems = [...problemsOfItems.value];
  const rejection = filterRejection.value;
  const json = view.value.filter === null ? null : parseFilterJson(view.value.filter);
  const { error, nextAttemptAt } = feedStatus.value;
  const isNoiseShown = hasOwnEvents.value && !items.value.some((text) => text.includes('tidings.'));
  return (
    <div class="filter-summary">
      {problems.map(([text, problem]) => (
        <p key={text} role="alert" class="filter-problem">
          <strong>{printable(text)}</strong> is not applied. {printable(problem)}
        </p>
      ))}
      {typeof json === 'string' && (
        <p role="alert" class="filter-problem">
          <strong>The filter in JSON</strong> is not applied. {json}
        </p>
      )}
      {rejection !== null && problems.length === 0 && (
        <p role="alert" class="filter-problem">
          {printable(rejection.message)}
        </p>
      )}
      {error?.code === 'LIMIT_EXCEEDED' && nextAttemptAt !== null && (
        <p role="alert" class="filter-problem">
          {printable(error.message)}{' '}
          <button type="button" class="link-button" onClick={retryFeed}>
            Try again <Countdown to={nextAttemptAt} />
          </button>
        </p>
      )}
      {explained !== null && problems.length === 0 && rejection === null && (
        <p class={isExplanationStale.value ? 'filter-words cut stale' : 'filter-words cut'} title={printable(explained.description)}>
          <span class="number">{sizeText(explained.estimate)}</span> <span class="faint">·</span> {printable(explained.description)}
        </p>
      )}
      {isNoiseShown && (
        <button type="button" class="button quiet small" title="Add -event:tidings.*" onClick={() => putItems('-event:tidings.*', null)}>
          Hide events of Tidings itself
        </button>
      )}
      {view.value.filter === null && <JsonButton />}
    </div>
  );
}

/** The histogram counts exactly; before it has, there is an estimate. */
function sizeText({ count, exact }: { readonly count: number; readonly exact: boolean }): string {
  const total = liveTotal.value ?? (exact ? count : null);
  if (total !== null) return total === 1 ? '1 event matches' : `${countText(total)} events match`;
  return `about ${aboutText(count)} events match`;
}
