import { signal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { TidingsReader } from '../../client/tidings-client.ts';
import { useLogFollower } from '../data/log-follower.ts';
import { useRemote } from '../data/remote.ts';
import { BackButton } from '../parts/back-button.tsx';
import { ZoomOutIcon } from '../parts/icons.tsx';
import { Problem } from '../parts/problem.tsx';
import { printable } from '../text/printable.ts';
import { hrefOf } from '../view/current-view.ts';
import { chainRows, chainTree, pathThrough } from './chain-layout.ts';
import { followChain, maxChainEvents, readChain, type ChainEvent, type WholeChain } from './chain-query.ts';
import { ChainRows } from './chain-rows.tsx';
import { extentOf, type Extent } from './time-axis.ts';
import { microsOf } from '../text/durations.ts';
import './chain.css';

/** The whole chain of the open event. Opening another event of the chain keeps it. */
export function ChainView({ id }: { readonly id: string }) {
  const loadedFor = useSignal(id);
  const {
    value: chain,
    error,
    retry,
    nextAttemptAt,
  } = useRemote(loadedFor.value, (client, signal) => readChain(client, loadedFor.value, signal));
  const added = useMemo(() => signal<readonly ChainEvent[]>([]), [chain]);
  const known = useMemo(() => new Set(chain ? [chain.root, ...chain.others].map((each) => each.id) : []), [chain]);
  const isOther = chain !== undefined && loadedFor.value !== id && !known.has(id) && !added.value.some((each) => each.id === id);
  useEffect(() => {
    if (isOther) loadedFor.value = id;
  }, [isOther, id]);
  const onEvents = (events: readonly ChainEvent[]): void => {
    // When the tab wakes, those that came before it slept come again.
    const fresh = events.filter((event) => !added.peek().some((each) => each.id === event.id));
    if (fresh.length > 0) added.value = [...added.peek(), ...fresh];
  };
  const follow = async (client: TidingsReader, signal: AbortSignal): Promise<void> => {
    if (chain) await followChain(client, { ids: [...known], after: chain.head, signal, onEvents });
  };
  const failure = useLogFollower(chain, { follow, reload: retry });
  const problem = error ?? failure;
  return (
    <main class="instead-of-list chain" aria-label="Chain">
      {problem !== null && <Problem error={problem} retry={retry} nextAttemptAt={nextAttemptAt} />}
      {chain === null && <p class="view-note muted">No event with this id (any more).</p>}
      {chain ? <Chain key={chain.root.id} chain={chain} added={added.value} openId={id} /> : <Head count={null} />}
    </main>
  );
}

function Chain({ chain, added, openId }: { readonly chain: WholeChain; readonly added: readonly ChainEvent[]; readonly openId: string }) {
  const folded = useSignal<ReadonlySet<string>>(new Set());
  /** The event to whose path the chain is folded; null: to none. */
  const pathOf = useSignal<string | null>(null);
  const zoom = useSignal<Extent | null>(null);
  const tree = useMemo(() => chainTree(chain.root, [...chain.others, ...added]), [chain, added]);
  const rows = useMemo(
    () => chainRows(tree, { folded: folded.value, only: pathOf.value === null ? null : pathThrough(tree, pathOf.value) }),
    [tree, folded.value, pathOf.value],
  );
  const all = useMemo(() => extentOf(Array.from(tree.nodes.values(), ({ event }) => microsOf(event.occurred))), [tree]);
  const shown = useComputed(() => zoom.value);
  return (
    <>
      <Head count={tree.nodes.size}>
        <button
          type="button"
          class="button quiet"
          aria-pressed={pathOf.value !== null}
          title="Folds everything but the path to the open event, and what came of it"
          onClick={() => (pathOf.value = pathOf.value === null ? openId : null)}
        >
          Only the path
        </button>
        {folded.value.size > 0 && (
          <button type="button" class="button quiet" onClick={() => (folded.value = new Set())}>
            Unfold all
          </button>
        )}
        {shown.value !== null && (
          <button type="button" class="button quiet" onClick={() => (zoom.value = null)}>
            <ZoomOutIcon /> Whole time
          </button>
        )}
      </Head>
      <Notes chain={chain} count={tree.nodes.size} />
      <ChainRows
        tree={tree}
        rows={rows}
        openId={openId}
        all={all}
        zoom={zoom}
        onFold={(id) => (folded.value = toggled(folded.value, id))}
        onUnfoldPath={() => (pathOf.value = null)}
      />
    </>
  );
}

function Head({ count, children }: { readonly count: number | null; readonly children?: preact.ComponentChildren }) {
  return (
    <header class="view-head">
      <h2>
        Chain {count !== null && <span class="faint number">{count === 1 ? '1 event' : `${count.toLocaleString('en')} events`}</span>}
      </h2>
      <span class="space" />
      {children}
      <BackButton />
    </header>
  );
}

/** What is missing from the chain, or is unusual about it. */
function Notes({ chain: { root, missingId, isCyclic, isCut }, count }: { readonly chain: WholeChain; readonly count: number }) {
  const { followsId } = root;
  return (
    <div class="chain-notes" role="status">
      {isCyclic && followsId !== null && (
        <p>
          A cycle: the first event follows <span class="mono value-text">{printable(followsId)}</span>, which is in this chain.
        </p>
      )}
      {!isCyclic && missingId !== null && (
        <p>
          The first event follows <span class="mono value-text">{printable(missingId)}</span>, which is not stored.
        </p>
      )}
      {isCut && !isCyclic && missingId === null && followsId !== null && (
        <p>
          There are earlier events; the latest is{' '}
          <a class="mono value-text" href={hrefOf({ event: followsId })}>
            {printable(followsId)}
          </a>
          .
        </p>
      )}
      {isCut && <p>Cut at {maxChainEvents.toLocaleString('en')} events.</p>}
      {!isCut && count > maxChainEvents && (
        <p>More than {maxChainEvents.toLocaleString('en')} events: later followers are shown after a reload only.</p>
      )}
    </div>
  );
}

function toggled(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
}
