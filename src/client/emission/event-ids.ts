/** A UUIDv7 (RFC 9562): ids that are made later are greater, also within a millisecond. */
export function newEventId(): string {
  const now = Math.max(Date.now(), lastMs);
  // The counter overflows into the next millisecond.
  if (now === lastMs && (counter = (counter + 1) & 0xfff) !== 0) return format(now);
  lastMs = now === lastMs ? now + 1 : now;
  counter = 0;
  return format(lastMs);
}

function format(ms: number): string {
  if (used > pool.length - 8) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  let random = '';
  for (let index = 0; index < 8; index += 1) {
    const byte = pool[used + index] ?? 0;
    random += hexBytes[index === 0 ? (byte & 0x3f) | 0x80 : byte];
  }
  used += 8;
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${random.slice(0, 4)}-${random.slice(4)}`;
}

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const pool = new Uint8Array(1024);
let used = pool.length;
let lastMs = 0;
let counter = 0;

/** Now in UTC with microseconds. Each call returns a later time, so that it orders events of one process. */
export function nowInMicros(): string {
  const clock = Date.now();
  let ms = origin + performance.now();
  // The clock was set, or the computer slept.
  if (Math.abs(ms - clock) > maxDriftMs) {
    origin += clock - ms;
    ms = clock;
  }
  lastMicros = Math.max(Math.floor(ms * 1000), lastMicros + 1);
  const micros = String(lastMicros % 1000).padStart(3, '0');
  return `${new Date(Math.floor(lastMicros / 1000)).toISOString().slice(0, -1)}${micros}Z`;
}

const maxDriftMs = 5;
let origin = performance.timeOrigin;
let lastMicros = 0;
