import type { Times } from '../../skip-index/columns/column-chunks.ts';
import type { Key } from '../bucket-keys.ts';

/** One dimension of a row group: for each event, the index of its key or list of keys. */
export interface DimensionCodes {
  readonly keys: readonly (Key | readonly Key[])[];
  readonly codes: Uint16Array;
}

/**
 * The events of a row group with the same codes, as arrays by group number: no object a group,
 * there can be hundreds.
 */
export interface Groups {
  readonly size: number;
  readonly counts: Uint32Array;
  /** Index of the event of each group that occurred first, and last. */
  readonly first: Uint32Array;
  readonly last: Uint32Array;
}

/** Groups the selected events of a row group; null selects all. */
export function groupsOf(times: Times, dimensionCodes: readonly DimensionCodes[], selection: Uint8Array | null): Groups {
  const events = times.seconds.length;
  const [counts, first, last] = [new Uint32Array(events), new Uint32Array(events), new Uint32Array(events)];
  const groupOf = groupNumbering(dimensionCodes.reduce((product, { keys }) => product * keys.length, 1));
  const combinations = combinationNumbers(dimensionCodes, events);
  let size = 0;
  for (let index = 0; index < events; index += 1) {
    if (selection !== null && selection[index] === 0) continue;
    const group = groupOf(combinations[index] ?? 0, size);
    if (group === size) {
      first[group] = last[group] = index;
      counts[group] = 1;
      size += 1;
      continue;
    }
    counts[group] = (counts[group] ?? 0) + 1;
    if (isBefore(times, index, first[group] ?? 0)) first[group] = index;
    else if (isBefore(times, last[group] ?? 0, index)) last[group] = index;
  }
  return { size, counts, first, last };
}

/** The codes of each event in all dimensions as one number. */
function combinationNumbers([single, ...others]: readonly DimensionCodes[], events: number): Uint16Array | Float64Array {
  if (single === undefined) return new Uint16Array(events);
  let combinations: Uint16Array | Float64Array = single.codes;
  for (const { keys, codes } of others)
    combinations = Float64Array.from(combinations, (code, index) => code * keys.length + (codes[index] ?? 0));
  return combinations;
}

/** Numbers combinations: returns the number of a known one, and `next` for a new one. */
function groupNumbering(combinations: number): (combination: number, next: number) => number {
  if (combinations <= maxTableSize) {
    const assigned = new Uint32Array(combinations);
    return (combination, next) => {
      const number = assigned[combination] ?? 0;
      if (number > 0) return number - 1;
      assigned[combination] = next + 1;
      return next;
    };
  }
  const assigned = new Map<number, number>();
  return (combination, next) => {
    const number = assigned.get(combination);
    if (number !== undefined) return number;
    assigned.set(combination, next);
    return next;
  };
}

function isBefore({ seconds, micros }: Times, a: number, b: number): boolean {
  const difference = (seconds[a] ?? 0) - (seconds[b] ?? 0);
  return difference === 0 ? (micros[a] ?? 0) < (micros[b] ?? 0) : difference < 0;
}

/** With more combinations, allocating an array of them would cost more than the map. */
const maxTableSize = 4096;
