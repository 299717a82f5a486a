import { TidingsError } from '../../errors.ts';

export interface EventFilterArgs {
  readonly event?: readonly string[] | undefined;
  readonly resource?: readonly string[] | undefined;
}

/** The EventFilter of the options --event and --resource. Throws BAD_USER_INPUT for a wildcard. */
export function eventFilterOf({ event, resource }: EventFilterArgs): object {
  event?.forEach((given) => rejectWildcard('event', 'the start of an event name', given));
  resource?.forEach((given) => rejectWildcard('resource', 'a whole resource id', given));
  return { ...(event && { event: { startsWith: event } }), ...(resource && { resource: { id: { in: resource } } }) };
}

/**
 * Rejects `*`, which these options would compare literally, so that the command would wait for an
 * event that never comes.
 */
export function rejectWildcard(option: string, expected: string, given: string): void {
  if (!given.includes('*')) return;
  const [, literal] = /^([\w.:/-]+)\*+$/.exec(given) ?? [];
  const advice = literal !== undefined && !expected.includes('whole') ? `Write --${option} '${literal}'` : 'Leave out the *';
  throw new TidingsError('BAD_USER_INPUT', `--${option}: expected ${expected} without wildcards, got ${JSON.stringify(given)}. ${advice}.`);
}
