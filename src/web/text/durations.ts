import { readInstant } from './time-instant.ts';

/** Microseconds since 1970, which a double holds exactly; 0 for a text that is not an instant. */
export function microsOf(instant: string): number {
  const moment = readInstant(instant);
  return moment === null ? 0 : moment.second * 1_000_000 + Number(moment.fraction);
}

/** A time between two events: `+1.2 s`, `+340 ms`, `−2 min 5 s`, `+3 d 4 h`; `±0` for none. */
export function gapText(micros: number): string {
  if (micros === 0) return '±0';
  return `${micros < 0 ? '−' : '+'}${exactDuration(Math.abs(micros))}`;
}

/** A duration to three digits: `12 µs`, `1.2 s`, `2 min 5 s`, `3 d 4 h`. */
export function exactDuration(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 999_500) return `${short(micros / 1000)} ms`;
  if (micros < 59_950_000) return `${short(micros / 1_000_000)} s`;
  const seconds = Math.round(micros / 1_000_000);
  for (const [size, unit, below, name] of [
    [86_400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ] as const) {
    if (seconds < size) continue;
    const rest = Math.floor((seconds % size) / below);
    return `${Math.floor(seconds / size).toLocaleString('en')} ${unit}${rest === 0 ? '' : ` ${rest} ${name}`}`;
  }
  return `${seconds} s`;
}

/** Three digits: 1.25, 34.5, 340. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
