/**
 * A time zone: how far its clocks stand from UTC, at any second. Seconds count from 1970-01-01T00:00:00Z.
 *
 * Zones come from Intl, not from the database: then a count is the same on every database, whichever version of the time
 * zone data that one has, and what is counted live in memory agrees with what is counted from the log.
 */
export interface TimeZone {
  /** Seconds to add to UTC. */
  offsetAt(second: number): number;
}

/** The zone of an IANA name, such as Europe/Berlin, whatever its case; null when there is none. */
export function timeZone(name: string): TimeZone | null {
  if (!ianaName.test(name)) return null; // newer versions of Intl take offsets such as +01:00 too
  try {
    const canonical = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
    const cached = zones.get(canonical);
    if (cached !== undefined) return cached;
    const created = canonical === 'UTC' ? utc : new IntlZone(canonical);
    zones.set(canonical, created);
    return created;
  } catch {
    return null;
  }
}

const utc: TimeZone = { offsetAt: () => 0 };

class IntlZone implements TimeZone {
  private readonly format: Intl.DateTimeFormat;
  /** By stretch of time: the offset throughout; null when it changes within. */
  private readonly offsetByWindow = new Map<number, number | null>();

  constructor(name: string) {
    this.format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  offsetAt(second: number): number {
    const window = Math.floor(second / windowSeconds);
    let offset = this.offsetByWindow.get(window);
    if (offset === undefined) {
      const from = this.computeOffset(window * windowSeconds);
      offset = from === this.computeOffset((window + 1) * windowSeconds - 1) ? from : null;
      if (this.offsetByWindow.size >= maxCachedWindows) this.offsetByWindow.clear();
      this.offsetByWindow.set(window, offset);
    }
    return offset ?? this.computeOffset(second);
  }

  /** Reads `1/1/1800, GMT+00:53:28`; without digits it is GMT itself. */
  private computeOffset(second: number): number {
    const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(this.format.format(second * 1000)) ?? [];
    const offset = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
    return sign === '-' ? -offset : offset;
  }
}

/** One for each zone that there is, at most. */
const zones = new Map<string, TimeZone>();
const ianaName = /^[A-Za-z][A-Za-z0-9_+\-/]*$/;
/** Three days: no zone ever changed its clocks and changed them back within them (the closest: 4 days, Freetown in 1939). */
const windowSeconds = 3 * 86_400;
const maxCachedWindows = 20_000;
