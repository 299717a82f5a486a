import { crc32 } from 'node:zlib';

/** Choices that depend only on a seed. */
export interface Random {
  /** At least 0, below 1. */
  fraction(): number;
  /** An integer from `min` to `max`. */
  between(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/**
 * The choices of one part of a run, independent of parts with other keys. The generator is
 * mulberry32.
 */
export function randomOf(...keys: readonly (string | number)[]): Random {
  let state = crc32(keys.join(' '));
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1));
  return {
    fraction,
    between,
    chance: (probability) => fraction() < probability,
    pick: (list) => list[between(0, list.length - 1)]!,
  };
}
