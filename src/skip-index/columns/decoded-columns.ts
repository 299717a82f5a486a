import type { Times } from './column-chunks.ts';
import type { Value } from './encoding.ts';

/** A decoded column of a row group. */
export interface Column {
  readonly values: readonly Value[];
  /** The index into `values` of each event. */
  readonly codes: Uint16Array;
  /** In the column `related`, which has nothing else: all roles, with the ids of the related resources in each. */
  readonly roles?: readonly { readonly role: string; readonly column: Column }[];
}

/** The columns of a row group that a count or a search needs. */
export interface DecodedColumns {
  /** The number of events. */
  readonly count: number;
  /** Empty if they were not read. */
  readonly times: Times;
  /** In the order in which they were requested. */
  readonly columns: readonly Column[];
}

/**
 * Clears the selection of the events in a row group that do not meet one condition: 1 is selected.
 */
export type SelectionStep = (rowGroup: DecodedColumns, selection: Uint8Array) => void;

/** Stands in for a column that was not read. */
export const noColumn: Column = { values: [], codes: new Uint16Array() };
