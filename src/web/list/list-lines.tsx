import type { FeedGap } from '../../client/live-feed.ts';
import type { ListFeed } from '../data/feed-state.ts';
import { service } from '../data/server-info.ts';
import { formatInstant } from '../text/time-format.ts';

interface GapLineProps {
  readonly gap: FeedGap;
  readonly zone: string;
  readonly reload: () => void;
}

/** Events are missing between the rows above and below. */
export function GapLine({ gap, zone, reload }: GapLineProps) {
  const after = gap.after === null ? 'before' : `after ${timeOf(gap.after, zone)}`;
  return (
    <div role="row" class="row gap" tabIndex={-1}>
      <div role="gridcell">
        {gap.reason === 'RETENTION'
          ? `Events received ${after} are missing here: retention removed them.`
          : `The log was replaced at ${timeOf(gap.noticed, zone)}. Events around here can be missing, and rows below may not be stored any more. `}
        {gap.reason !== 'RETENTION' && (
          <button type="button" class="link-button" onClick={reload}>
            Reload the list
          </button>
        )}
      </div>
    </div>
  );
}

interface EndLineProps {
  readonly feed: ListFeed;
  readonly zone: string;
  readonly hasOlder: boolean;
  readonly clearedAt: string | null;
  /** Why older events could not be loaded. */
  readonly error: string | null;
  readonly retry: () => void;
}

/** What is below the last row. */
export function EndLine({ feed, zone, hasOlder, clearedAt, error, retry }: EndLineProps) {
  const days = service.value?.retentionDays ?? null;
  const kept = days === null ? '' : ` Events are kept for ${days} ${days === 1 ? 'day' : 'days'}.`;
  return (
    <div role="row" class="end-line">
      <div role="gridcell">
        {clearedAt !== null ? (
          <>
            Cleared at {timeOf(clearedAt, zone)}: later events appear above.{' '}
            <button type="button" class="link-button" onClick={() => feed.unclear()}>
              Show older
            </button>
          </>
        ) : error !== null ? (
          <>
            Older events could not be loaded. {error}{' '}
            <button type="button" class="link-button" onClick={retry}>
              Retry
            </button>
          </>
        ) : hasOlder ? (
          'Loading older events'
        ) : (
          `No older events match.${kept}`
        )}
      </div>
    </div>
  );
}

/** A time of today as `14:41:10`, of another day with its date. */
function timeOf(instant: string, zone: string): string {
  const { date, time } = formatInstant(instant, zone);
  return date === formatInstant(new Date().toISOString(), zone).date ? time : `${date} ${time}`;
}

/** Rows that are not there yet. */
export function SkeletonRows() {
  return (
    <div class="skeleton-rows" aria-hidden="true">
      {widths.map((width, index) => (
        <div key={index} class="skeleton-row">
          <span class="skeleton" />
          <span class={`skeleton width-${width}`} />
          <span class={`skeleton width-${(width + 1) % 4}`} />
        </div>
      ))}
    </div>
  );
}

const widths = [1, 0, 2, 1, 3, 0, 1, 2, 0, 1, 3, 2, 1, 0];
