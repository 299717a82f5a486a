import type { Logger } from 'pino';
import { everything, type Condition } from '../filter/filter.ts';
import type { FilterBounds } from '../filter/parse/parse-context.ts';
import { parseFilter } from '../filter/parse/parse-filter.ts';
import type { StoredKey } from '../store/api-keys.ts';
import { anonymous, unauthenticated, allPermissions, type Caller } from './caller.ts';

/** The caller that a key stands for. */
export function callerForKey(key: StoredKey, limits: FilterBounds, logger: Logger): Caller {
  const permissions = new Set(allPermissions.filter((permission) => key.permissions.includes(permission)));
  return {
    keyId: key.id,
    name: key.name,
    permissions,
    visibilityFilter: permissions.has('read') ? visibilityFilterOf(key, limits, logger) : unauthenticated.visibilityFilter,
    emitPrefix: key.emitPrefix,
    ended: anonymous.ended,
  };
}

/**
 * The filter was valid when the key was created. If later settings allow less, the key sees
 * nothing, because the alternative would be everything.
 */
function visibilityFilterOf({ id, filter }: StoredKey, limits: FilterBounds, logger: Logger): Condition {
  if (filter === null) return everything;
  try {
    return parseFilter(filter, ['filter'], limits);
  } catch (error) {
    logger.error({ err: error, key: id }, 'the filter of an API key exceeds the limits; the key sees nothing');
    return unauthenticated.visibilityFilter;
  }
}
