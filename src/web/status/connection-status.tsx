import { useEffect } from 'preact/hooks';
import { feedStatus, retryFeed } from '../data/feed-state.ts';
import { isPaused } from '../data/hold.ts';
import { newerVersion, readService } from '../data/server-info.ts';
import { Countdown, useNow } from '../parts/countdown.tsx';
import { Popover } from '../parts/popover.tsx';
import { printable } from '../text/printable.ts';
import { formatInstant } from '../text/time-format.ts';
import { instantAt } from '../text/time-instant.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { show, viewOf } from '../view/current-view.ts';
import { describeConnection } from './describe-connection.ts';
import './connection-status.css';

const zone = viewOf((view) => view.zone);

/** The state of the list in words. The button shows why, since when, and what can be done. */
export function ConnectionStatus() {
  const status = feedStatus.value;
  const { label, tone, meaning } = describeConnection({ ...status, isPaused: isPaused.value });
  const { nextAttemptAt, lostAt, resumed, is } = status;
  const now = useNow(resumed !== null);
  const hasResumed = lostAt === null && resumed !== null && now - resumed.at < resumedShownMs;
  const caughtUp = hasResumed ? ` resumed, ${resumed.events.toLocaleString('en')} caught up` : '';
  useEffect(() => {
    if (is === 'live' && status.isOnline) void readService(); // after a reconnect it can be another version
  }, [is, status.isOnline]);
  useEffect(() => {
    document.title = status.heldCount > 0 ? `(${status.heldCount.toLocaleString('en')}) Tidings` : 'Tidings';
  }, [status.heldCount]);
  return (
    <>
      <Popover
        label={`Connection: ${label}${caughtUp}`}
        class={`button quiet connection ${tone}`}
        button={
          <>
            <span class="mark" aria-hidden="true" />
            <span role="status">{label}</span>
            {status.isOnline && <Countdown to={nextAttemptAt} />}
            {hasResumed && <span class="faint">{caughtUp}</span>}
          </>
        }
      >
        <div class="connection-facts">
          <p>{printable(meaning)}</p>
          <dl class="facts">
            {lostAt !== null && <Fact name="Lost" at={lostAt} />}
            {lostAt === null && <Fact name="Since" at={status.since} />}
            {resumed !== null && <Fact name="Last resumed" at={resumed.at} />}
            {status.lateCount > 0 && (
              <>
                <dt>Late</dt>
                <dd>{status.lateCount.toLocaleString('en')} of the new events occurred over a minute before they were received</dd>
              </>
            )}
          </dl>
          <div class="dialog-actions">
            <button type="button" class="button" onClick={() => show({ isLive: isPaused.value }, 'replace')}>
              {isPaused.value ? 'Resume' : 'Pause'}
            </button>
            {(lostAt !== null || is === 'closed') && (
              <button type="button" class="button primary" onClick={retryFeed}>
                Retry now
              </button>
            )}
          </div>
        </div>
      </Popover>
      {newerVersion.value !== null && (
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload for {newerVersion.value}
        </button>
      )}
    </>
  );
}

function Fact({ name, at }: { readonly name: string; readonly at: number }) {
  if (at === 0) return null;
  const { date, time, offset } = formatInstant(instantAt(at), zoneOrLocal(zone.value));
  return (
    <>
      <dt>{name}</dt>
      <dd class="number">
        {date} {time} {offset}
      </dd>
    </>
  );
}

const resumedShownMs = 3000;
