import { useMemo } from 'preact/hooks';
import { loadedSpan, visibleSpan, type Span } from '../data/spans.ts';
import { offsetAt } from '../text/time-zones.ts';
import { barName } from './bar-name.ts';
import { BarTip } from './bar-tip.tsx';
import type { Bar } from './bars.ts';
import { millisecondsOf } from './domain.ts';
import { beginDrag, click, doubleClick, pressKey } from './select.ts';
import { bars, current, domain, highest, percent, pointed, selection, tabStop } from './shown-bars.ts';
import { ticksOf } from './ticks.ts';
import type { TimeCounts } from './time-counts.ts';

/** Bars over the time axis. They are chosen by pointer and by keyboard. */
export function Chart({ counts }: { readonly counts: TimeCounts }) {
  const shown = bars.value;
  const tip = shown.find(({ start }) => start === pointed.value);
  return (
    <div class="chart" onPointerLeave={() => (pointed.value = null)}>
      <svg
        class="bars"
        role="group"
        aria-label="Bars"
        onPointerDown={beginDrag}
        onClick={click}
        onDblClick={doubleClick}
        onKeyDown={pressKey}
      >
        <Axis zone={counts.zone} />
        <Band />
        {shown.map((bar) => (
          <BarMark key={bar.start} bar={bar} counts={counts} isTabStop={bar === tabStop.value} />
        ))}
        <SpanMark span={loadedSpan.value} name="loaded" />
        <SpanMark span={visibleSpan.value} name="visible" />
        <rect class="edge" x="0" y="0" width="6" height={barsHeight} data-edge="from" />
        <rect class="edge" x="100%" y="0" width="6" height={barsHeight} data-edge="to" />
      </svg>
      {tip !== undefined && selection.value === null && <BarTip bar={tip} counts={counts} at={middleOf(tip)} />}
    </div>
  );
}

interface BarProps {
  readonly bar: Bar;
  readonly counts: TimeCounts;
  readonly isTabStop: boolean;
}

/** Drawn again only when it changes: usually the newest bar does. */
function BarMark({ bar, counts: { zone, kinds }, isTabStop }: BarProps) {
  const { from, to } = domain.value;
  const most = highest.value;
  return useMemo(() => drawBar(bar, barName(bar, { zone, kinds }), isTabStop), [bar, zone, kinds, isTabStop, from, to, most]);
}

function drawBar(bar: Bar, name: string, isTabStop: boolean) {
  const x = percent(millisecondsOf(bar.start) ?? 0);
  const width = percent(millisecondsOf(bar.end) ?? domain.value.to) - x;
  let y = barsHeight;
  return (
    <g
      class="time-bar"
      role="button"
      tabIndex={isTabStop ? 0 : -1}
      aria-label={name}
      data-start={bar.start}
      onPointerEnter={() => (pointed.value = bar.start)}
      onFocus={() => {
        current.value = bar.start;
        pointed.value = bar.start;
      }}
      onBlur={() => (pointed.value = null)}
    >
      <rect class="slot" x={`${x}%`} y="0" width={`${width}%`} height={barsHeight} />
      {bar.parts.map((count, place) => {
        if (count === 0) return null;
        // One event is seen beside thousands.
        const share = count / Math.max(highest.value, minHighest);
        const height = Math.max(share * (barsHeight - topMargin), bar.total === count ? 2 : 0.5);
        y -= height;
        const kind = place === bar.parts.length - 1 ? 6 : place + 1;
        return (
          <rect
            key={place}
            class={`part kind-${kind}`}
            x={`${x}%`}
            y={y}
            height={height}
            style={{ width: `clamp(1px, ${width}% - 1px, 48px)` }}
          />
        );
      })}
    </g>
  );
}

function Axis({ zone }: { readonly zone: string }) {
  const { from, to } = domain.value;
  const ticks = ticksOf({ from, to, offsetAt: (second) => offsetAt(zone, second), maxTicks: 10 });
  return (
    <g class="axis" aria-hidden="true">
      <line x1="0" x2="100%" y1={barsHeight + 0.5} y2={barsHeight + 0.5} />
      {ticks.map(({ at, text }, index) => {
        const x = percent(at);
        return (
          <g key={at} class={index % 2 === 0 ? 'tick' : 'tick second'}>
            <line x1={`${x}%`} x2={`${x}%`} y1={barsHeight} y2={barsHeight + 4} />
            {x < 96 && (
              <text x={`${x}%`} y={barsHeight + 13} dx={4}>
                {text}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

/** What is selected now. */
function Band() {
  if (selection.value === null) return null;
  const { from, to } = selection.value;
  const [x, end] = [percent(Math.min(from, to)), percent(Math.max(from, to))];
  return <rect class="band" x={`${x}%`} y="0" width={`${end - x}%`} height={barsHeight} />;
}

/** Marks the part of the range that the list has. */
function SpanMark({ span, name }: { readonly span: Span | null; readonly name: string }) {
  if (span === null) return null;
  const x = percent(millisecondsOf(span.from) ?? 0);
  const width = percent(millisecondsOf(span.to) ?? 0) - x;
  return <rect class={`span ${name}`} x={`${x}%`} y={chartHeight - 2} height="2" style={{ width: `max(3px, ${width}%)` }} />;
}

function middleOf({ start, end }: Bar): number {
  return percent(((millisecondsOf(start) ?? 0) + (millisecondsOf(end) ?? domain.value.to)) / 2);
}

/** Of 72 pixels in all; the axis and the marks of the list are beneath. */
const barsHeight = 50;
const topMargin = 4;
/** Single events are low bars. */
const minHighest = 3;
const chartHeight = 72;
