import type { Logger } from 'pino';
import type { Condition } from '../filter/filter.ts';
import type { FilterBounds } from '../filter/parse/parse-context.ts';
import { everything } from '../filter/filter.ts';
import { parseFilter } from '../filter/parse/parse-filter.ts';
import type { StoredKey } from '../store/api-keys.ts';
import { anonymous, unauthenticated, allPermissions, type Caller } from './caller.ts';

/** Who comes with a key. */
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

/** The filter was fine when the key was made; where the settings allow less by now, the key sees nothing rather than all. */
function visibilityFilterOf({ id, filter }: StoredKey, limits: FilterBounds, logger: Logger): Condition {
  if (filter === null) return everything;
  try {
    return parseFilter(filter, ['filter'], limits);
  } catch (error) {
    logger.error({ err: error, key: id }, 'the filter of a key breaks a rule; it sees nothing');
    return unauthenticated.visibilityFilter;
  }
}
