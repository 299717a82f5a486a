import { TidingsError } from '../errors.ts';
import { describeFilter } from '../filter/explain/describe-filter.ts';
import { everything, type Condition } from '../filter/filter.ts';
import type { FilterBounds } from '../filter/parse/parse-context.ts';
import { parseStoredPermissionFilter } from '../filter/parse/parse-filter.ts';
import { parseJson } from '../json/parse-json.ts';
import type { StoredKey } from '../store/api-keys.ts';
import { unauthenticated } from './caller.ts';

export interface KeyVisibility {
  readonly condition: Condition;
  /** Why the stored filter cannot be applied; null if it can. */
  readonly problem: string | null;
}

/**
 * The events that a key sees.
 *
 * Guarantees: a filter that cannot be applied as it was meant grants nothing. It was valid when the
 * key was created; since then the settings may have changed, or a newer version stored a field that
 * this one does not know.
 */
export function visibilityOf({ permissions, filter }: StoredKey, limits: FilterBounds): KeyVisibility {
  if (!permissions.includes('read')) return { condition: nothing, problem: null };
  if (filter === null) return { condition: everything, problem: null };
  try {
    return { condition: parseStoredPermissionFilter(parseJson(filter), ['filter'], limits), problem: null };
  } catch (error) {
    if (error instanceof SyntaxError) return { condition: nothing, problem: 'filter: expected JSON, got other text' };
    if (error instanceof TidingsError) return { condition: nothing, problem: error.message };
    throw error;
  }
}

/** The same in words. */
export function describeVisibility(key: StoredKey, limits: FilterBounds): string {
  const { condition, problem } = visibilityOf(key, limits);
  return problem === null ? describeFilter(condition) : `no event, because the stored filter is invalid: ${problem}`;
}

/** The JSON value of a stored filter; the text itself if it is not JSON. */
export function storedFilterOf(filter: string | null): unknown {
  try {
    return filter === null ? null : parseJson(filter);
  } catch {
    return filter;
  }
}

const nothing = unauthenticated.visibilityFilter;
