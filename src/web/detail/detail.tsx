import { ErrorBoundary } from '../parts/error-boundary.tsx';
import { lazy } from '../parts/lazy.tsx';
import { useShortcut } from '../parts/shortcut.ts';
import { show, view, viewOf } from '../view/current-view.ts';
import { shownRun } from '../resource/fixed-resource-state.ts';

// Loaded when the first event is opened: the list does not need it.
const EventPanel = lazy(async () => (await import('./event-panel.tsx')).EventPanel);
const AroundView = lazy(async () => (await import('../around/around-view.tsx')).AroundView, '.');
const ChainView = lazy(async () => (await import('../chain/chain-view.tsx')).ChainView);
const RunView = lazy(async () => (await import('../resource/run-view.tsx')).RunView);

const openEvent = viewOf(({ event }) => event);
const panel = viewOf(({ panel }) => panel);

/** The open event, and what is shown in place of the list: its chain, the events around it, or a flow run. */
export function Detail() {
  const id = openEvent.value;
  useShortcut('c x r y l', ({ key, target }) => {
    const row = target instanceof Element ? target.closest<HTMLElement>('[data-event-id]') : null;
    const of = id ?? row?.dataset['eventId'];
    if (of === undefined) return false;
    if (key === 'c') return togglePanel(of, 'chain');
    if (key === 'x') return togglePanel(of, 'around');
    return void import('./event-keys.ts').then(({ runEventKey }) => runEventKey(key, of));
  });
  // Here, and not in the panel: a key that is pressed while the panel's code loads closes it too.
  useShortcut('Escape', close);
  return (
    <>
      <InsteadOfList id={id} />
      {id !== null && (
        <ErrorBoundary name="Event" key={id}>
          <EventPanel id={id} />
        </ErrorBoundary>
      )}
    </>
  );
}

function togglePanel(id: string, panel: 'chain' | 'around'): void {
  const { event, panel: present } = view.peek();
  show({ event: id, panel: event === id && present === panel ? 'event' : panel });
}

/** Back to the panel of the event, then to the list. */
function close(): boolean {
  const { event, panel } = view.peek();
  if (event === null || document.querySelector('dialog[open], :popover-open') !== null) return false;
  show(panel === 'event' ? { event: null } : { panel: 'event' });
  return true;
}

function InsteadOfList({ id }: { readonly id: string | null }) {
  if (id !== null && panel.value === 'chain') {
    return (
      <ErrorBoundary name="Chain" key="chain">
        <ChainView id={id} />
      </ErrorBoundary>
    );
  }
  if (id !== null && panel.value === 'around') {
    return (
      <ErrorBoundary name="Around the event" key="around">
        <AroundView id={id} />
      </ErrorBoundary>
    );
  }
  const run = shownRun.value;
  if (run === null) return null;
  return (
    <ErrorBoundary name="Flow run" key={run}>
      <RunView id={run} />
    </ErrorBoundary>
  );
}
