import { ExactNumber } from '../../../src/json/exact-number.ts';
import { compareCodePoints } from '../../../src/event/text.ts';
import { oracleStart, type OracleUnit } from './calendar-oracle.ts';

/** An event as it was emitted, without absent fields. */
export interface OracleEvent {
  readonly event: string;
  readonly occurred: string;
  readonly resource: { readonly id: string; readonly labels: Readonly<Record<string, string>> };
  readonly related?: readonly { readonly id: string; readonly role: string }[];
  readonly payload?: unknown;
}

export type OracleDimension =
  | { readonly time: OracleUnit }
  | { readonly event: { readonly segments?: number | null } }
  | { readonly resource: { readonly segments?: number | null } }
  | { readonly label: { readonly key: string } }
  | { readonly role: { readonly role: string } }
  | { readonly payload: { readonly path: string; readonly keys: readonly string[] } };

export interface OracleBucket {
  readonly keys: readonly (string | null)[];
  readonly count: number;
  readonly firstOccurred: string;
  readonly lastOccurred: string;
}

/** Counts event by event, without empty buckets, in the order of keys. */
export function oracleCounts(events: readonly OracleEvent[], by: readonly OracleDimension[]): readonly OracleBucket[] {
  const buckets = new Map<string, { keys: readonly (string | null)[]; times: string[] }>();
  for (const event of events) {
    let lists: (string | null)[][] = [[]];
    for (const dimension of by) {
      const keys = keysOf(event, dimension);
      lists = lists.flatMap((list) => keys.map((key) => [...list, key]));
    }
    for (const keys of lists) {
      const name = JSON.stringify(keys);
      if (!buckets.has(name)) buckets.set(name, { keys, times: [] });
      buckets.get(name)!.times.push(event.occurred);
    }
  }
  return Array.from(buckets.values(), ({ keys, times }) => {
    const sorted = times.toSorted();
    return { keys, count: times.length, firstOccurred: sorted[0]!, lastOccurred: sorted.at(-1)! };
  }).toSorted(byKeys);
}

export function byKeys(a: Pick<OracleBucket, 'keys'>, b: Pick<OracleBucket, 'keys'>): number {
  for (const [index, key] of a.keys.entries()) {
    const other = b.keys[index]!;
    if (key === other) continue;
    return key === null ? 1 : other === null ? -1 : compareCodePoints(key, other);
  }
  return 0;
}

function keysOf(event: OracleEvent, by: OracleDimension): readonly (string | null)[] {
  if ('time' in by) return [startText(oracleStart(Math.floor(Date.parse(event.occurred) / 1000), by.time))];
  if ('event' in by) return [segments(event.event, by.event.segments)];
  if ('resource' in by) return [segments(event.resource.id, by.resource.segments)];
  if ('label' in by) return [labelOf(event.resource, by.label.key)];
  if ('role' in by) {
    const ids = (event.related ?? []).filter(({ role }) => role === by.role.role).map(({ id }) => id);
    return ids.length === 0 ? [null] : ids.filter((id, index) => ids.indexOf(id) === index);
  }
  return [valueText(by.payload.keys.reduce(step, event.payload ?? {}))];
}

function startText(second: number): string {
  return second < firstSecond ? '0000-01-01T00:00:00.000000Z' : new Date(second * 1000).toISOString().replace('.000Z', '.000000Z');
}

function segments(text: string, count: number | null | undefined): string {
  return count === null || count === undefined ? text : text.split('.', count).join('.');
}

function labelOf({ id, labels }: OracleEvent['resource'], key: string): string | null {
  if (key === 'prefect.resource.id') return id;
  const keys = key === 'prefect.resource.name' ? [key, 'prefect.name'] : [key];
  return keys.map((each) => (Object.hasOwn(labels, each) ? labels[each] : undefined)).find((value) => value !== undefined) ?? null;
}

function step(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(key) ? value[Number(key)] : undefined;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** The text of a value: a string as it is, anything else as JSON with its keys in order. */
function valueText(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string') return value;
  return json(value);
}

function json(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (value instanceof ExactNumber) return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).toSorted(compareCodePoints);
  return `{${keys.map((key) => `${JSON.stringify(key)}:${json((value as Record<string, unknown>)[key])}`).join(',')}}`;
}

const firstSecond = Date.parse('0000-01-01T00:00:00Z') / 1000;
