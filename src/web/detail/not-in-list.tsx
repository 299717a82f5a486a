import { activeFilter } from '../data/active-filter.ts';
import { useRemote } from '../data/remote.ts';
import { printable } from '../text/printable.ts';
import { show, view } from '../view/current-view.ts';

/** Why the list does not have the event, if its filter leaves it out. */
export function NotInList({ id }: { readonly id: string }) {
  const filter = activeFilter.value;
  const key = JSON.stringify([id, filter]);
  const { value: verdict, isStale } = useRemote(key, (client, signal) => client.whyNot(filter, id, { signal }));
  if (!verdict || verdict.matches || isStale) return null;
  const [first, ...others] = verdict.fails;
  return (
    <div class="not-in-list" role="status">
      <p>
        <strong>Not in this list</strong>
        {first !== undefined && (
          <>
            : expected that {printable(first.expected)}, got {gotText(first.got)}
            {others.length > 0 && <span class="muted">, and {others.length} more</span>}
          </>
        )}
        .
      </p>
      {view.value.panel !== 'around' && (
        <button type="button" class="button" onClick={() => show({ panel: 'around' })}>
          Show it in its surroundings
        </button>
      )}
    </div>
  );
}

function gotText(got: unknown): string {
  if (got === null) return 'nothing';
  const text = printable(typeof got === 'string' ? got : JSON.stringify(got));
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

const maxShown = 200;
