import type { Logger } from 'pino';
import type { FilterBounds } from '../filter/parse/parse-context.ts';
import type { StoredKey } from '../store/api-keys.ts';
import { anonymous, allPermissions, type Caller } from './caller.ts';
import { visibilityOf } from './key-visibility.ts';

/** The caller that a key stands for. */
export function callerForKey(key: StoredKey, limits: FilterBounds, logger: Logger): Caller {
  const visibility = visibilityOf(key, limits);
  if (visibility.problem !== null) {
    logger.error({ key: key.id, problem: visibility.problem }, 'the filter of an API key is invalid; the key sees nothing');
  }
  const permissions = new Set(allPermissions.filter((permission) => key.permissions.includes(permission)));
  return {
    keyId: key.id,
    name: key.name,
    permissions,
    visibilityFilter: visibility.condition,
    emitPrefix: key.emitPrefix,
    ended: anonymous.ended,
  };
}
