import { CountTable, type Cell } from '../../counts/count-table.ts';
import type { Position } from '../../event/cursor.ts';
import type { CountBucket } from '../../counts/buckets.ts';

/** What was counted in a part of the log: after `from`, up to and including `to`. */
export interface Piece {
  readonly from: Position;
  readonly to: Position;
  readonly cells: readonly Cell[];
  readonly total: number;
}

/** The last pieces of a live count, each where the one before ends, in bounded memory: the oldest go first. */
export class CountPieces {
  private readonly pieces: Piece[] = [];
  private cells = 0;

  add(piece: Piece): void {
    this.pieces.push(piece);
    this.cells += piece.cells.length;
    while (this.pieces.length > mostPieces || this.cells > mostCells) this.cells -= this.pieces.shift()?.cells.length ?? this.cells;
  }

  /** All from a place on, as one; null where that is no beginning of a piece that is kept. */
  since(place: Position): CountTable | null {
    const first = this.pieces.findIndex(({ from }) => from === place);
    if (first === -1) return null;
    const table = new CountTable();
    for (const { cells, total } of this.pieces.slice(first)) {
      for (const cell of cells) table.add(cell.keys, cell);
      table.total += total;
    }
    return table;
  }
}

/** A client that is slower than so many updates, or so many buckets in them, begins again with a snapshot. */
const mostPieces = 32;
const mostCells = 20_000;

/** What a live count says. Adding up, from a SNAPSHOT on, gives what a query would say at the last message's cursor. */
export interface CountsUpdate {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly buckets: readonly CountBucket[];
  readonly total: number;
  readonly cursor: Position;
  /** Of updates with the same identity the content is the same. */
  readonly identity: string;
}
