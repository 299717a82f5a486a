import { useSignal, type Signal } from '@preact/signals';
import { gapText, microsOf } from '../text/durations.ts';
import { fullTime } from '../text/time-format.ts';
import { zoneOrLocal } from '../text/time-zones.ts';
import { view } from '../view/current-view.ts';
import type { ChainEvent } from './chain-query.ts';
import { marksOf, positionOf, zoomed, type Extent } from './time-axis.ts';

interface HeadProps {
  readonly extent: Extent;
  readonly all: Extent;
  /** The time that marks count from: that of the root. */
  readonly origin: number;
  /** The same as an instant. */
  readonly start: string;
  readonly zoom: Signal<Extent | null>;
  readonly maxMarks: number;
}

/** The scale. Dragging over it or over the rows shows that part of the time; + − and arrow keys do the same. */
export function AxisHead({ extent, all, origin, start, zoom, maxMarks }: HeadProps) {
  const drag = useSignal<{ readonly from: number; readonly to: number } | null>(null);
  const show = (next: Extent): void => {
    zoom.value = next.to - next.from >= all.to - all.from ? null : next;
  };
  const middle = (extent.from + extent.to) / 2;
  return (
    <div class="chain-head">
      <span class="faint cut">from {fullTime(start, zoneOrLocal(view.value.zone))}</span>
      <div
        class="chain-axis"
        role="slider"
        aria-label="Part of the time that is shown"
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(positionOf(middle, all) * 100)}
        aria-valuetext={`${gapText(Math.round(extent.from - origin))} to ${gapText(Math.round(extent.to - origin))}`}
        title="Drag to zoom. Keys: + − zoom, ← → move, 0 whole time"
        tabIndex={0}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.value = { from: placeOf(event), to: placeOf(event) };
        }}
        onPointerMove={(event) => {
          if (drag.value !== null) drag.value = { from: drag.value.from, to: placeOf(event) };
        }}
        onPointerUp={() => {
          if (drag.value === null) return;
          const size = extent.to - extent.from;
          const [from, to] = [drag.value.from, drag.value.to].toSorted((a, b) => a - b) as [number, number];
          drag.value = null;
          if (to - from > minDrag) show({ from: extent.from + from * size, to: extent.from + to * size });
        }}
        onPointerCancel={() => (drag.value = null)}
        onDblClick={() => (zoom.value = null)}
        onKeyDown={(event) => {
          const size = extent.to - extent.from;
          const moved = { ArrowLeft: -size / 4, ArrowRight: size / 4 }[event.key];
          const factor = { '+': 0.5, '=': 0.5, '-': 2 }[event.key];
          if (moved !== undefined) {
            const from = Math.max(all.from, Math.min(extent.from + moved, all.to - size));
            show({ from, to: from + size });
          } else if (factor !== undefined) show(zoomed(extent, { factor, at: middle, all }));
          else if (event.key === '0') zoom.value = null;
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        {marksOf(extent, origin, maxMarks).map(({ at, label }) => (
          <span key={at} class="axis-mark number" style={{ left: `${positionOf(at, extent) * 100}%` }}>
            {label}
          </span>
        ))}
        {drag.value !== null && (
          <span
            class="axis-drag"
            style={{
              left: `${Math.min(drag.value.from, drag.value.to) * 100}%`,
              width: `${Math.abs(drag.value.to - drag.value.from) * 100}%`,
            }}
          />
        )}
      </div>
    </div>
  );
}

/** Where a pointer is on the axis: 0 at its start, 1 at its end. */
function placeOf({ clientX, currentTarget }: PointerEvent & { readonly currentTarget: HTMLElement }): number {
  const { left, width } = currentTarget.getBoundingClientRect();
  return Math.max(0, Math.min((clientX - left) / width, 1));
}

interface SpanProps {
  readonly event: ChainEvent;
  readonly predecessor: ChainEvent | null;
  readonly extent: Extent;
  readonly isOpen: boolean;
}

/** An event on the time axis: a mark, the line from its predecessor, and the time between both. */
export function Span({ event, predecessor, extent, isOpen }: SpanProps) {
  const at = microsOf(event.occurred);
  const x = positionOf(at, extent);
  const from = predecessor === null ? x : positionOf(microsOf(predecessor.occurred), extent);
  const gap = predecessor === null ? '' : gapText(at - microsOf(predecessor.occurred));
  const [start, end] = [Math.max(0, Math.min(x, from)), Math.min(1, Math.max(x, from))];
  return (
    <span class="chain-axis" aria-hidden="true">
      {end > start && <span class="span-line" style={{ left: `${start * 100}%`, width: `${(end - start) * 100}%` }} />}
      {x >= 0 && x <= 1 && <span class={isOpen ? 'span-mark open' : 'span-mark'} style={{ left: `${x * 100}%` }} />}
      {x < 0 && <span class="span-gap number at-start">‹ {gap}</span>}
      {x > 1 && <span class="span-gap number at-end">{gap} ›</span>}
      {x >= 0 && x <= 1 && (
        <span
          class={x > 0.75 ? 'span-gap number left' : 'span-gap number'}
          style={x > 0.75 ? { right: `${(1 - x) * 100}%` } : { left: `${x * 100}%` }}
        >
          {gap}
        </span>
      )}
    </span>
  );
}

const minDrag = 0.02;
