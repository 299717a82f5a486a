import type { Times } from './column-chunks.ts';
import type { Value } from './encoding.ts';

/** A column of a chapter, unpacked. */
export interface Column {
  readonly values: readonly Value[];
  /** For each event, which of the values it has. */
  readonly codes: Uint16Array;
}

/** The part of a chapter that a count needs. */
export interface DecodedColumns {
  readonly times: Times;
  /** In the order in which they were asked for. */
  readonly columns: readonly Column[];
  /** All roles, with the ids of the related resources in each, where `related` was asked for. */
  readonly roles: readonly { readonly role: string; readonly column: Column }[];
}

/** Takes away the events of a chapter that one condition does not let pass, from those that have a 1. */
export type SelectionStep = (rowGroup: DecodedColumns, selection: Uint8Array) => void;

/** In place of a column that is not one of values. */
export const noColumn: Column = { values: [], codes: new Uint16Array() };
