import { WakeSignal } from '../../concurrency/wake-signal.ts';
import type { Position } from '../../event/cursor.ts';

/**
 * The positions of the events that match one filter, in order: every match after `knownFrom`, as
 * far as its matcher has come. Keeps at most `maxPositions`, and drops the older half beyond that.
 */
export class MatchedPositions {
  private positions: Position[] = [];
  /** Wakes after its matcher has passed a match, and when these positions may not suffice. */
  readonly matchSignal = new WakeSignal();

  constructor(private from: Position) {}

  get knownFrom(): Position {
    return this.from;
  }

  /** Assumes that positions increase. */
  record(position: Position): void {
    if (position <= this.from) return;
    this.positions.push(position);
    if (this.positions.length > maxPositions) this.from = this.positions.splice(0, maxPositions >> 1).at(-1) ?? this.from;
  }

  /** Drops everything: matches are known from here on only. */
  forget(knownFrom: Position): void {
    this.positions = [];
    this.from = knownFrom;
    this.matchSignal.wake();
  }

  /** Returns the first `limit` positions after `from`, up to and including `to`. */
  between({ from, to, limit }: PositionRange): readonly Position[] {
    const found: Position[] = [];
    for (let index = this.firstAfter(from); found.length < limit; index += 1) {
      const position = this.positions[index];
      if (position === undefined || position > to) break;
      found.push(position);
    }
    return found;
  }

  private firstAfter(position: Position): number {
    let [low, high] = [0, this.positions.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.positions[middle] ?? Infinity) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export interface PositionRange {
  readonly from: Position;
  readonly to: Position;
  readonly limit: number;
}

/** About the number of events in the tail buffer. */
const maxPositions = 10_000;
