/**
 * A time zone: the offset of its clocks from UTC at any second. Seconds count from
 * 1970-01-01T00:00:00Z.
 *
 * Why Intl and not the database: a count then does not depend on the database's version of the time
 * zone data. Live counts in memory agree with counts of the log.
 */
export interface TimeZone {
  /** Seconds to add to UTC. */
  offsetAt(second: number): number;
}

/** The zone of an IANA name such as Europe/Berlin, in any case; null if there is none. */
export function timeZone(name: string): TimeZone | null {
  if (!ianaName.test(name)) return null; // newer versions of Intl also accept offsets such as +01:00
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
  /** The offset during each window of time; null if it changes within. */
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

  /** Parses the offset of `1/1/1800, GMT+00:53:28`; without digits it is zero. */
  private computeOffset(second: number): number {
    const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(this.format.format(second * 1000)) ?? [];
    const offset = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
    return sign === '-' ? -offset : offset;
  }
}

/** Bounded by the number of IANA zones. */
const zones = new Map<string, TimeZone>();
const ianaName = /^[A-Za-z][A-Za-z0-9_+\-/]*$/;
/**
 * No zone ever changed its clocks and back within three days. The shortest interval was 4 days
 * (Freetown, 1939).
 */
const windowSeconds = 3 * 86_400;
/** Windows of a zone. Beyond, its cache is cleared: 20,000 are 164 years. */
const maxCachedWindows = 20_000;
