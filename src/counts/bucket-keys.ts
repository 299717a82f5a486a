import { TidingsError } from '../errors.ts';
import type { Dimension } from './dimensions.ts';
import { labelOf, type StoredEvent } from '../event/event.ts';
import { secondOf } from '../event/instant.ts';
import { orderedJsonInSteps } from '../event/json.ts';
import { runToEnd } from '../json/run-to-end.ts';
import { valueAt } from '../event/payload-path.ts';

/** A key of a bucket: text, null without a value, or for time the first second of the interval. */
export type Key = string | number | null;

/**
 * The keys of an event: one list for each bucket that it is in. The SQL equivalent is
 * src/store/counts/group-by-sql.ts. Throws LIMIT_EXCEEDED.
 */
export function bucketKeys(dimensions: readonly Dimension[], event: StoredEvent): readonly (readonly Key[])[] {
  return runToEnd(bucketKeysInSteps(dimensions, event));
}

/** The same in steps, since a payload value can be large. */
export function* bucketKeysInSteps(
  dimensions: readonly Dimension[],
  event: StoredEvent,
): Generator<undefined, readonly (readonly Key[])[]> {
  const keys: (readonly Key[])[] = [];
  for (const dimension of dimensions) keys.push(yield* keysOf(dimension, event));
  return combinationsOf(keys);
}

/**
 * The lists with one key of each dimension. Throws LIMIT_EXCEEDED for more than
 * `maxBucketsOfEvent`.
 */
export function combinationsOf(keysByDimension: readonly (readonly Key[])[]): readonly (readonly Key[])[] {
  if (keysByDimension.reduce((product, keys) => product * keys.length, 1) > maxBucketsOfEvent) throw tooManyBucketsOfEvent();
  return keysByDimension.reduce<readonly (readonly Key[])[]>(
    (lists, keys) => lists.flatMap((list) => keys.map((key) => [...list, key])),
    [[]],
  );
}

export function tooManyBucketsOfEvent(): TidingsError {
  const message = `by: expected events in at most ${maxBucketsOfEvent} buckets each, got one in more; count by fewer roles`;
  return new TidingsError('LIMIT_EXCEEDED', message, { path: ['by'] });
}

/**
 * An event is in a bucket for each combination of its related resources in the roles. Without a
 * bound, 100 of them in five roles would make 3,200,000 buckets.
 */
export const maxBucketsOfEvent = 1000;

function* keysOf(dimension: Dimension, event: StoredEvent): Generator<undefined, readonly Key[]> {
  switch (dimension.kind) {
    case 'time':
      return [dimension.calendar.intervalAt(secondOf(event.occurred)).start];
    case 'event':
      return [firstSegments(event.event, dimension.segments)];
    case 'resource':
      return [firstSegments(event.resource.id, dimension.segments)];
    case 'label':
      return [labelOf(event.resource, dimension.label)];
    case 'role': {
      const ids = new Set(event.related.filter(({ role }) => role === dimension.role).map(({ id }) => id));
      return ids.size === 0 ? [null] : [...ids];
    }
    case 'payload':
      return [yield* payloadKeyInSteps(valueAt(event.payload, dimension.path))];
    default:
      return dimension satisfies never;
  }
}

export function firstSegments(text: string, segments: number | null): string {
  return segments === null ? text : text.split('.').slice(0, segments).join('.');
}

/**
 * A payload value as a key: a string as it is, anything else as JSON with sorted object keys; null
 * if absent.
 */
export function payloadKey(value: unknown): string | null {
  return runToEnd(payloadKeyInSteps(value));
}

/** The same in steps. */
export function* payloadKeyInSteps(value: unknown): Generator<undefined, string | null> {
  if (value === undefined) return null;
  return typeof value === 'string' ? value : yield* orderedJsonInSteps(value);
}
