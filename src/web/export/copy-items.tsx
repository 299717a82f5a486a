import { activeFilter, conditions, instants } from '../data/active-filter.ts';
import { service } from '../data/server-info.ts';
import { copy } from '../parts/copy.ts';
import { instantAt } from '../text/time-instant.ts';
import { hrefOf, view } from '../view/current-view.ts';
import type { Range } from '../view/view.ts';
import { clientProgram, curlCommand, graphqlVariables, tailCommand, type Selection } from './copies.ts';

/** What the list shows, as texts to take elsewhere. */
export function CopyItems() {
  const { range, order } = view.value;
  const selection: Selection = {
    origin: location.origin,
    filter: activeFilter.value,
    hasKey: service.value?.me != null,
    order: order === 'log' ? 'LOG' : 'NEWEST_FIRST',
  };
  const live = { ...selection, filter: conditions.value };
  const tail = tailCommand(live);
  const absolute = new URL(hrefOf({ range: absoluteRange() }), location.href).href;
  const isMoving = [range.since, range.until].some((each) => each?.startsWith('-') === true);
  return (
    <div class="copy-items">
      <Item label="Link" note={isMoving ? 'always this time' : null} text={absolute} />
      {isMoving && <Item label="Moving link" note="the time up to now" text={location.href} />}
      <Item label="GraphQL variables" text={graphqlVariables(selection)} />
      <Item label="curl" text={curlCommand(selection)} />
      <Item label="tidings tail" note={tail === null ? 'only event prefixes and resources' : null} text={tail} />
      <Item label="TypeScript" note="@tidings/client" text={clientProgram(live)} />
    </div>
  );
}

/** The range in instants. A range without an end ends now; all of time stays all of it. */
function absoluteRange(): Range {
  const { since = null, until = null } = instants.value;
  return { since, until: until ?? (since === null ? null : instantAt(Date.now())) };
}

interface ItemProps {
  readonly label: string;
  readonly note?: string | null;
  /** Null: it cannot be expressed. */
  readonly text: string | null;
}

function Item({ label, note = null, text }: ItemProps) {
  return (
    <button type="button" class="menu-item" disabled={text === null} onClick={() => text !== null && void copy(text, label)}>
      {label}
      {note !== null && <span class="faint">{note}</span>}
    </button>
  );
}
