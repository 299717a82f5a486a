import { TidingsError } from '../errors.ts';
import { calendar, type Calendar, type TimeUnit } from './calendar.ts';
import { parsePayloadPath, type PayloadPath } from '../event/payload-path.ts';
import { unstorableReason } from '../event/text.ts';
import { timeZone } from './time-zone.ts';

/**
 * A dimension of a count. An event has one key in each, or several for several related resources in
 * a role.
 */
export type Dimension =
  | { readonly kind: 'time'; readonly unit: TimeUnit; readonly every: number; readonly calendar: Calendar }
  /** The first `segments` segments of the event name; null: the whole name. */
  | { readonly kind: 'event'; readonly segments: number | null }
  /** The first `segments` segments of the id of the primary resource. */
  | { readonly kind: 'resource'; readonly segments: number | null }
  /** A label of the primary resource. */
  | { readonly kind: 'label'; readonly label: string }
  /** The ids of the related resources in this role. */
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'payload'; readonly path: PayloadPath };

/** GraphQL's CountBy, with exactly one field. */
export interface CountByInput {
  readonly time?: TimeBucketsInput | null | undefined;
  readonly event?: SegmentsInput | null | undefined;
  readonly resource?: SegmentsInput | null | undefined;
  readonly label?: { readonly key: string } | null | undefined;
  readonly role?: { readonly role: string } | null | undefined;
  readonly payload?: { readonly path: string } | null | undefined;
}
export interface TimeBucketsInput {
  readonly unit: TimeUnit;
  readonly every?: number | null | undefined;
  readonly timeZone?: string | null | undefined;
}
export interface SegmentsInput {
  readonly segments?: number | null | undefined;
}

type Path = readonly string[];

/**
 * Parses the dimensions of a count. Throws BAD_USER_INPUT with the path of an invalid field,
 * LIMIT_EXCEEDED for too many.
 */
export function parseCountBy(inputs: readonly CountByInput[], path: Path): readonly Dimension[] {
  if (inputs.length === 0) throw badInput(path, 'expected at least one dimension, got none');
  if (inputs.length > maxDimensions) {
    const message = `${path.join('.')}: expected at most ${maxDimensions} dimensions, got ${inputs.length}`;
    throw new TidingsError('LIMIT_EXCEEDED', message, { path });
  }
  const dimensions = inputs.map((input, index) => parseDimension(input, [...path, String(index)]));
  const times = dimensions.flatMap(({ kind }, index) => (kind === 'time' ? [index] : []));
  if (times[1] !== undefined) throw badInput([...path, String(times[1]), 'time'], 'expected one time dimension, got another one');
  // Time is compared above. An event with n ids in a role would be in n * n buckets.
  const known = new Map<string, number>();
  for (const [index, dimension] of dimensions.entries()) {
    const key = dimension.kind === 'time' ? '' : JSON.stringify(dimension);
    const first = known.get(key);
    if (first !== undefined) throw badInput([...path, String(index)], `expected another dimension than by.${first}, got an equal one`);
    known.set(key, index);
  }
  return dimensions;
}

function parseDimension(input: CountByInput, path: Path): Dimension {
  const { time, event, resource, label, role, payload } = input;
  if (time) return parseTime(time, [...path, 'time']);
  if (event) return { kind: 'event', segments: segmentsOf(event, [...path, 'event']) };
  if (resource) return { kind: 'resource', segments: segmentsOf(resource, [...path, 'resource']) };
  if (label) return { kind: 'label', label: textOf(label.key, [...path, 'label', 'key']) };
  if (role) return { kind: 'role', role: textOf(role.role, [...path, 'role', 'role']) };
  if (payload) return { kind: 'payload', path: pathOf(payload.path, [...path, 'payload', 'path']) };
  throw badInput(path, 'expected exactly one field, got none');
}

function parseTime(input: TimeBucketsInput, path: Path): Dimension {
  const every = input.every ?? 1;
  if (every < 1 || every > maxEvery) throw badInput([...path, 'every'], `expected a whole number from 1 to ${maxEvery}, got ${every}`);
  const name = input.timeZone ?? 'UTC';
  const zone = timeZone(name);
  if (zone === null) throw badInput([...path, 'timeZone'], `expected an IANA time zone such as Europe/Berlin, got ${quoted(name)}`);
  return { kind: 'time', unit: input.unit, every, calendar: calendar(input.unit, every, zone) };
}

function segmentsOf({ segments }: SegmentsInput, path: Path): number | null {
  const wanted = segments ?? null;
  if (wanted !== null && wanted < 1) throw badInput([...path, 'segments'], `expected a whole number from 1 on, got ${wanted}`);
  return wanted;
}

function textOf(text: string, path: Path): string {
  const reason = unstorableReason(text);
  if (reason !== null) throw badInput(path, `the string has ${reason}`);
  return text;
}

function pathOf(text: string, path: Path): PayloadPath {
  try {
    return parsePayloadPath(text).map((key) => textOf(key, path));
  } catch (error) {
    if (!(error instanceof TidingsError) || !error.message.startsWith('path: ')) throw error;
    throw badInput(path, error.message.replace(/^path: /, ''));
  }
}

function badInput(path: Path, expectation: string): TidingsError {
  return new TidingsError('BAD_USER_INPUT', `${path.join('.')}: ${expectation}`, { path });
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** More than there are kinds, to allow several labels beside all others. */
const maxDimensions = 8;
const maxEvery = 1_000_000;
