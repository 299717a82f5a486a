import type { Position } from '../../event/cursor.ts';

interface Range {
  readonly first: Position;
  readonly last: Position;
}

/**
 * The ranges of positions that hold the selected events of a row group, from `first` to `last`, in
 * order.
 *
 * Why ranges: columns have no positions. Without unused positions, the n-th event has the n-th one.
 * With `unused` of them, it has that one or one of the `unused` following ones.
 */
export function selectedRanges(selection: Uint8Array, { first, last }: Range): readonly Range[] {
  const unused = last - first + 1 - selection.length;
  const ranges: { first: Position; last: Position }[] = [];
  for (let index = selection.indexOf(1); index !== -1; index = selection.indexOf(1, index + 1)) {
    const [from, to] = [(first + index) as Position, (first + index + unused) as Position];
    const before = ranges.at(-1);
    if (before !== undefined && from <= before.last + maxGap + 1) before.last = to;
    else ranges.push({ first: from, last: to });
  }
  return ranges;
}

/** Reading so many events in between costs less than a further range. */
const maxGap = 3;
