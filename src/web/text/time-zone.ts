/** The zone of this browser, an IANA name. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Whether Intl knows this time zone. */
export function isZone(name: string): boolean {
  return offsetFormat(name) !== null;
}

/** The zone to show: the chosen one if it is known, otherwise that of the browser. */
export function zoneOrLocal(name: string | null): string {
  return name !== null && isZone(name) ? name : localZone();
}

/** Seconds that the clocks of a zone are ahead of UTC at a second since 1970. UTC for an unknown zone. */
export function offsetAt(zone: string, second: number): number {
  const text = offsetFormat(zone)?.format(second * 1000) ?? '';
  const parts = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text);
  if (parts === null) return 0;
  const [, sign, hours, minutes, seconds = 0] = parts;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

/** An offset as ISO 8601: `+01:00`. Local mean times of the past have seconds: `+00:53:28`. */
export function offsetText(offset: number): string {
  const size = Math.abs(offset);
  const parts = [size / 3600, (size / 60) % 60, size % 60].map((part) => String(Math.floor(part)).padStart(2, '0'));
  return (offset < 0 ? '-' : '+') + parts.slice(0, size % 60 === 0 ? 2 : 3).join(':');
}

/** An offset for a narrow place: `+1`, `−3:30`. Empty for UTC itself. */
export function shortOffset(offset: number): string {
  if (offset === 0) return '';
  const [hours, minutes] = offsetText(Math.abs(offset)).slice(1).split(':');
  return `${offset < 0 ? '−' : '+'}${Number(hours)}${minutes === '00' ? '' : `:${minutes ?? ''}`}`;
}

/** All zones of this browser, UTC first. */
export function allZones(): readonly string[] {
  zones ??= ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
  return zones;
}

/**
 * Zones that contain every word of a text, in any order, or have its offset: `new york`, `+5:30`.
 * Those whose city begins with the text come first.
 */
export function findZones(text: string, second: number): readonly string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return allZones();
  const offset = /^(?:utc|gmt)?\s*([+−-]?)(\d{1,2})(?::?(\d\d))?$/.exec(wanted);
  if (offset !== null) {
    const [, sign, hours, minutes = 0] = offset;
    const seconds = (sign === '-' || sign === '−' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
    return allZones().filter((zone) => offsetAt(zone, second) === seconds);
  }
  const words = wanted.split(/[\s/_]+/).filter(Boolean);
  const named = allZones().filter((zone) => {
    const name = zone.toLowerCase();
    return words.every((word) => name.includes(word));
  });
  const startsWithIt = (zone: string): boolean => cityOf(zone).toLowerCase().startsWith(wanted);
  return [...named.filter(startsWithIt), ...named.filter((zone) => !startsWithIt(zone))];
}

function cityOf(zone: string): string {
  return zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ');
}

function offsetFormat(zone: string): Intl.DateTimeFormat | null {
  let format = formats.get(zone);
  if (format === undefined) {
    format = newFormat(zone);
    formats.set(zone, format);
  }
  return format;
}

function newFormat(zone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    return null;
  }
}

// One formatter takes 0.1 ms to make and about 1 µs to use. A page uses a few zones; the chooser all.
const formats = new Map<string, Intl.DateTimeFormat | null>();
let zones: readonly string[] | undefined;
