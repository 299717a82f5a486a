/** What of a list of rows of one height is in view. */
export interface Viewport {
  readonly top: number;
  readonly height: number;
  readonly rowHeight: number;
}

/** A range of rows: `to` is exclusive. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The rows that are at least partly in view. */
export function visibleRows({ top, height, rowHeight }: Viewport, count: number): RowRange {
  const from = Math.min(Math.max(0, Math.floor(top / rowHeight)), count);
  return { from, to: Math.min(count, Math.max(from, Math.ceil((top + height) / rowHeight))) };
}

/** The rows to render: those in view and some more on both sides, so that scrolling shows no empty space; at most `maxRendered`. */
export function renderedRows(viewport: Viewport, count: number): RowRange {
  const { from, to } = visibleRows(viewport, count);
  const spare = Math.max(0, Math.min(overscan, Math.floor((maxRendered - (to - from)) / 2)));
  const start = Math.max(0, from - spare);
  return { from: start, to: Math.min(count, to + spare, start + maxRendered) };
}

/** The nearest place to scroll to at which a row is fully in view. */
export function topToShow(index: number, { top, height, rowHeight }: Viewport): number {
  const rowTop = index * rowHeight;
  if (rowTop < top) return rowTop;
  return Math.max(top, rowTop + rowHeight - height);
}

const overscan = 6;
const maxRendered = 60;
