import { useSignal, type Signal } from '@preact/signals';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { EventName } from '../parts/event-name.tsx';
import { ChevronDownIcon, ChevronRightIcon } from '../parts/icons.tsx';
import { gapText, microsOf } from '../text/durations.ts';
import { printable } from '../text/printable.ts';
import { fullTime } from '../text/time-format.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { show, view } from '../view/current-view.ts';
import { AxisHead, Span } from './chain-axis.tsx';
import type { ChainRow, ChainTree } from './chain-layout.ts';
import type { ChainEvent } from './chain-query.ts';
import type { Extent } from './time-axis.ts';

interface Props {
  readonly tree: ChainTree<ChainEvent>;
  readonly rows: readonly ChainRow<ChainEvent>[];
  readonly openId: string;
  readonly all: Extent;
  /** The part of the time that is shown; null: all. */
  readonly zoom: Signal<Extent | null>;
  readonly onFold: (id: string) => void;
  readonly onUnfoldPath: () => void;
}

/** The rows in sight, each with its place on the time axis. */
export function ChainRows({ tree, rows, openId, all, zoom, onFold, onUnfoldPath }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(800);
  const width = useSignal(700);
  const focusId = useSignal(openId);
  const hasFocus = useRef(false);
  const indexes = useMemo(() => new Map(rows.map((row, index) => [keyOf(row), index])), [rows]);
  const focused = indexes.get(focusId.value) ?? indexes.get(openId) ?? 0;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      height.value = element.clientHeight;
      width.value = element.clientWidth;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const reveal = (index: number, block: 'center' | 'nearest'): void => {
    const element = scroller.current;
    if (element === null) return;
    const at = index * rowHeight;
    const isSeen = at >= element.scrollTop && at + rowHeight <= element.scrollTop + element.clientHeight - headHeight;
    if (isSeen) return;
    if (block === 'center') element.scrollTop = at - element.clientHeight / 2;
    else element.scrollTop = at < element.scrollTop ? at : at + rowHeight + headHeight - element.clientHeight;
    top.value = element.scrollTop; // the event comes with the next frame
  };
  useLayoutEffect(() => reveal(indexes.get(openId) ?? 0, 'center'), [openId]);
  const focusTabStop = (): void =>
    scroller.current?.querySelector<HTMLElement>('[role="treeitem"][tabindex="0"]')?.focus({ preventScroll: true });
  useLayoutEffect(() => {
    if (hasFocus.current) focusTabStop();
  }, [focused]);
  const move = (event: KeyboardEvent): void => {
    const row = rows[focused];
    const page = Math.max(1, Math.floor(height.value / rowHeight) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -rows.length,
      End: rows.length,
    };
    const step = steps[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || row === undefined) return;
    if (step !== undefined) {
      const next = Math.max(0, Math.min(focused + step, rows.length - 1));
      focusId.value = keyOf(rows[next] as ChainRow);
      reveal(next, 'nearest');
      queueMicrotask(focusTabStop); // behind the rendering, which can remove the row that had the focus
    } else if (event.key === 'Enter' || event.key === 'o') activate(row);
    else if ((event.key === 'ArrowLeft' || event.key === 'ArrowRight') && isFoldable(row)) {
      if (row.kind === 'event' && row.folded > 0 === (event.key === 'ArrowRight')) onFold(row.node.event.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const activate = (row: ChainRow<ChainEvent>): void => {
    if (row.kind === 'hidden') onUnfoldPath();
    else show({ event: row.node.event.id });
  };
  const first = Math.max(0, Math.floor(top.value / rowHeight) - overscan);
  const last = Math.min(rows.length, Math.ceil((top.value + height.value) / rowHeight) + overscan);
  // The row with the tab stop stays in the document, also out of sight.
  const inSight = Array.from({ length: last - first }, (_, index) => first + index);
  const shown = focused < first || focused >= last ? [...inSight, focused] : inSight;
  const extent = zoom.value ?? all;
  return (
    <div class="chain-scroller" ref={scroller} onScroll={(event) => (top.value = event.currentTarget.scrollTop)}>
      <AxisHead
        extent={extent}
        all={all}
        origin={microsOf(tree.root.event.occurred)}
        zoom={zoom}
        start={tree.root.event.occurred}
        maxMarks={Math.max(1, Math.min(Math.floor(width.value / pixelsPerMark), 6))}
      />
      <div
        role="tree"
        aria-label="Events of the chain"
        class="chain-rows"
        style={{ height: `${rows.length * rowHeight}px` }}
        onKeyDown={move}
        onFocusCapture={() => (hasFocus.current = true)}
        onBlurCapture={(event) => {
          hasFocus.current = event.currentTarget.contains(event.relatedTarget as Node | null);
        }}
      >
        {shown.map((index) => {
          const row = rows[index];
          if (row === undefined) return null;
          const common = {
            index,
            count: rows.length,
            isTabStop: index === focused,
            onPick: () => ((focusId.value = keyOf(row)), activate(row)),
          };
          return row.kind === 'hidden' ? (
            <HiddenRow key={keyOf(row)} {...common} depth={row.depth} hidden={row.count} />
          ) : (
            <EventRow key={keyOf(row)} {...common} row={row} isOpen={row.node.event.id === openId} extent={extent} onFold={onFold} />
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  readonly index: number;
  readonly count: number;
  readonly isTabStop: boolean;
  readonly onPick: () => void;
}

function EventRow({
  row,
  isOpen,
  extent,
  onFold,
  ...common
}: RowProps & {
  readonly row: Extract<ChainRow<ChainEvent>, { kind: 'event' }>;
  readonly isOpen: boolean;
  readonly extent: Extent;
  readonly onFold: (id: string) => void;
}) {
  const { node, depth, isBranch, folded } = row;
  const { id, event, occurred, resource } = node.event;
  const zone = zoneOrLocal(view.value.zone);
  return (
    <div
      class="chain-row"
      role="treeitem"
      aria-level={depth + 1}
      aria-posinset={common.index + 1}
      aria-setsize={common.count}
      aria-selected={isOpen}
      aria-expanded={isFoldable(row) ? folded === 0 : undefined}
      tabIndex={common.isTabStop ? 0 : -1}
      data-event-id={id}
      style={{ top: `${common.index * rowHeight}px` }}
      onClick={common.onPick}
    >
      <span class="chain-event">
        <Lines
          depth={depth}
          isBranch={isBranch}
          isRoot={node.predecessor === null}
          goesOn={node.followers.length > 0 && folded === 0}
          isOpen={isOpen}
        />
        {isFoldable(row) && (
          <button
            type="button"
            class="chain-fold"
            tabIndex={-1}
            aria-hidden="true"
            title={folded > 0 ? 'Unfold the branch' : 'Fold the branch'}
            onClick={(click) => {
              click.stopPropagation();
              onFold(id);
            }}
          >
            {folded > 0 ? <ChevronRightIcon /> : <ChevronDownIcon />}
          </button>
        )}
        <span class="cut" title={`${printable(event)} · ${fullTime(occurred, zone)} · ${printable(id)}`}>
          <EventName name={event} /> <span class="muted">{printable(resource.name || resource.id)}</span>
        </span>
        {folded > 0 && <span class="chip number">+{folded}</span>}
      </span>
      <Span event={node.event} predecessor={node.predecessor?.event ?? null} extent={extent} isOpen={isOpen} />
      {node.predecessor !== null && (
        <span class="hidden-text">{gapText(microsOf(occurred) - microsOf(node.predecessor.event.occurred))}</span>
      )}
    </div>
  );
}

function HiddenRow({ index, count, isTabStop, onPick, depth, hidden }: RowProps & { readonly depth: number; readonly hidden: number }) {
  return (
    <div
      class="chain-row"
      role="treeitem"
      aria-level={depth + 1}
      aria-posinset={index + 1}
      aria-setsize={count}
      aria-selected={false}
      tabIndex={isTabStop ? 0 : -1}
      style={{ top: `${index * rowHeight}px` }}
      onClick={onPick}
    >
      <span class="chain-event">
        <Lines depth={depth} isBranch isRoot={false} goesOn={false} isOpen={false} isHidden />
        <span class="faint">{hidden === 1 ? '1 other event' : `${hidden.toLocaleString('en')} other events`}</span>
      </span>
    </div>
  );
}

interface LinesProps {
  readonly depth: number;
  readonly isBranch: boolean;
  readonly isRoot: boolean;
  readonly goesOn: boolean;
  readonly isOpen: boolean;
  readonly isHidden?: boolean;
}

/** The lines before an event: those of the columns left of it, which all go on, and its own. */
function Lines({ depth, isBranch, isRoot, goesOn, isOpen, isHidden = false }: LinesProps) {
  const x = depth * indent + 8;
  const middle = rowHeight / 2;
  const before = Array.from({ length: depth }, (_, index) => `M${index * indent + 8} 0V${rowHeight}`);
  const own = isBranch ? `M${x - indent} ${middle}H${x}` : isRoot ? '' : `M${x} 0V${middle}`;
  return (
    <svg class="chain-lines" width={x + 10} height={rowHeight} aria-hidden="true">
      <path d={`${before.join('')}${own}${goesOn ? `M${x} ${middle}V${rowHeight}` : ''}`} />
      {isHidden ? <circle cx={x} cy={middle} r="2" /> : <circle cx={x} cy={middle} r="4" class={isOpen ? 'open' : ''} />}
    </svg>
  );
}

function isFoldable(row: ChainRow): boolean {
  return row.kind === 'event' && row.isBranch && row.node.size > 1;
}

function keyOf(row: ChainRow): string {
  return row.kind === 'event' ? row.node.event.id : `${row.of.event.id}\n`;
}

const rowHeight = 28;
const headHeight = 32;
const indent = 16;
const overscan = 10;
/** Of the whole width; about half of it is the axis. */
const pixelsPerMark = 170;
