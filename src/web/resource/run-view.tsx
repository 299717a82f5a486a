import { signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { TidingsReader } from '../../client/tidings-client.ts';
import { eventBatches } from '../data/event-batches.ts';
import { useLogFollower } from '../data/log-follower.ts';
import { useRemote } from '../data/remote.ts';
import { tidings } from '../data/session.ts';
import { ChainIcon } from '../parts/icons.tsx';
import { Problem } from '../parts/problem.tsx';
import { linkTo } from '../parts/view-link.ts';
import { exactDuration, gapText, microsOf } from '../text/durations.ts';
import { printable } from '../text/printable.ts';
import { formatInstant } from '../text/time-format.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { view } from '../view/current-view.ts';
import { readRun, runFilterOf, runSelection, type RunPage } from './resource-query.ts';
import './resource.css';
import { runLogOf, type LogLine, type Run, type RunEvent, type RunState } from './run-log.ts';

/** The states, task runs and log of a flow run, in order, in place of the list. */
export function RunView({ id }: { readonly id: string }) {
  const { events, hasMore, error, retry, nextAttemptAt, more } = useRunEvents(id);
  const log = useMemo(() => (events === null ? null : runLogOf(id, events)), [id, events]);
  const areStatesShown = useSignal(true);
  const last = log?.flowRun.states.at(-1);
  return (
    <main class="instead-of-list run" aria-label="Flow run">
      {error !== null && <Problem error={error} retry={retry} nextAttemptAt={nextAttemptAt} />}
      {log !== null && (
        <>
          <header class="run-states">
            <ol aria-label="States of the flow run">
              {log.flowRun.states.map((state, index) => (
                <li key={state.eventId}>
                  <StateTag state={state} />
                  <Step state={state} before={log.flowRun.states[index - 1]} />
                </li>
              ))}
            </ol>
            {log.flowRun.states.length === 0 && <span class="muted">No state of this flow run is stored.</span>}
            {log.flowRun.micros !== null && <span class="muted number">· took {exactDuration(log.flowRun.micros)}</span>}
            <span class="space" />
            {last !== undefined && (
              <Go id={last.eventId} panel="chain" class="button">
                <ChainIcon /> Chain
              </Go>
            )}
          </header>
          <TaskRuns runs={log.taskRuns} />
          <h3 class="section-title run-title">
            Log
            <label class="run-option">
              <input
                type="checkbox"
                checked={areStatesShown.value}
                onChange={(event) => (areStatesShown.value = event.currentTarget.checked)}
              />{' '}
              with states
            </label>
          </h3>
          <ol class="run-log" aria-label="Log of the flow run">
            {log.lines.map((line) => (areStatesShown.value || !line.isState ? <Line key={line.eventId} line={line} /> : null))}
          </ol>
          {hasMore && (
            <p class="buttons">
              <button type="button" class="button" onClick={more}>
                More events
              </button>
            </p>
          )}
        </>
      )}
    </main>
  );
}

function TaskRuns({ runs }: { readonly runs: readonly Run[] }) {
  if (runs.length === 0) return null;
  return (
    <details class="run-tasks" open={runs.length <= 12}>
      <summary class="section-title">
        Task runs <span class="faint number">{runs.length}</span>
      </summary>
      <ul>
        {runs.map(({ id, name, states, micros }) => {
          const last = states.at(-1);
          return (
            <li key={id}>
              {last === undefined ? <span class="tag" data-tone="calm" /> : <StateTag state={last} />}
              <span class="cut" title={printable(id)}>
                {printable(name)}
              </span>
              <span class="muted number">{micros === null ? '' : exactDuration(micros)}</span>
              <span class="faint cut">{retriesOf(states)}</span>
            </li>
          );
        })}
      </ul>
    </details>
  );
}

function retriesOf(states: readonly RunState[]): string {
  const retries = states.filter(({ name }) => /retry/i.test(name) && name !== 'Retrying').length;
  if (retries === 0) return states.at(-1)?.message ?? '';
  return `${retries} ${retries === 1 ? 'retry' : 'retries'}`;
}

function StateTag({ state: { eventId, name, tone, message } }: { readonly state: RunState }) {
  return (
    <Go
      id={eventId}
      panel="event"
      class="tag"
      tone={tone}
      title={message === null ? printable(name) : `${printable(name)}: ${printable(message)}`}
    >
      {printable(name)}
    </Go>
  );
}

function Step({ state, before }: { readonly state: RunState; readonly before: RunState | undefined }) {
  if (before === undefined) return null;
  return <span class="run-step number faint">{gapText(microsOf(state.occurred) - microsOf(before.occurred))}</span>;
}

function Line({ line: { eventId, occurred, source, level, tone, message, isState } }: { readonly line: LogLine }) {
  const { date, time, fraction } = formatInstant(occurred, zoneOrLocal(view.value.zone));
  return (
    <li class={isState ? 'run-line is-state' : 'run-line'} data-tone={tone} data-event-id={eventId}>
      <Go id={eventId} panel="event" class="number muted" title={`${date} ${time}.${fraction}`}>
        {time}.{fraction.slice(0, 3)}
      </Go>
      <span class="run-level" data-tone={tone}>
        {printable(level)}
      </span>
      <span class="cut muted" title={printable(source)}>
        {printable(source)}
      </span>
      <span class="run-message">
        {message.split('\n').map((text, index) => (
          <span key={index}>{printable(text)}</span>
        ))}
      </span>
    </li>
  );
}

interface GoProps {
  readonly id: string;
  readonly panel: 'event' | 'chain';
  readonly class: string;
  readonly title?: string;
  readonly tone?: string;
  readonly children: preact.ComponentChildren;
}

/** A link to an event of the run. */
function Go({ id, panel, title, tone, children, class: className }: GoProps) {
  return (
    <a class={className} title={title} data-tone={tone} {...linkTo({ event: id, panel })}>
      {children}
    </a>
  );
}

/** The events of a run up to now and those that arrive, the oldest first. */
function useRunEvents(id: string) {
  const { value: first, error, retry, nextAttemptAt } = useRemote(id, (client, signal) => readRun(client, id, { after: null, signal }));
  const pages = useMemo(() => signal<RunPages>({ events: sorted(first?.events ?? []), last: first ?? null, error: null }), [first]);
  const position = useMemo(() => ({ after: first?.head ?? '' }), [first]);
  const stop = useMemo(() => new AbortController(), []);
  useEffect(() => () => stop.abort(), []);
  const add = (events: readonly RunEvent[], last: RunPage | null): void => {
    const known = new Set(pages.peek().events.map((each) => each.id));
    pages.value = { events: sorted([...pages.peek().events, ...events.filter((each) => !known.has(each.id))]), last, error: null };
  };
  const follow = async (client: TidingsReader, signal: AbortSignal): Promise<void> => {
    if (first === undefined) return;
    const { after } = position;
    for await (const { events, cursor } of eventBatches<RunEvent>(client, runFilterOf(id), { after, select: runSelection, signal })) {
      if (signal.aborted) return;
      add(events, pages.peek().last);
      position.after = cursor;
    }
  };
  const failure = useLogFollower(first, { follow, reload: retry });
  const { events, last, error: pageError } = pages.value;
  const more = (): void => {
    const options = { after: last?.endCursor ?? null, signal: stop.signal };
    readRun(tidings.peek(), id, options).then(
      (page) => add(page.events, page),
      (caught: unknown) => (pages.value = { ...pages.peek(), error: caught }),
    );
  };
  return {
    events: first === undefined ? null : events,
    hasMore: last?.hasMore === true,
    error: error ?? failure ?? pageError,
    /** After a problem. */
    retry: pageError === null ? retry : more,
    nextAttemptAt,
    more,
  };
}

interface RunPages {
  readonly events: readonly RunEvent[];
  /** The page up to which they are complete. */
  readonly last: RunPage | null;
  /** Why the next one could not be loaded. */
  readonly error: unknown;
}

function sorted(events: readonly RunEvent[]): readonly RunEvent[] {
  return events.toSorted((a, b) => (a.occurred < b.occurred ? -1 : Number(a.occurred > b.occurred)));
}
