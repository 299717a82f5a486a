import type { EventFilter, NameFilter } from '../../client/tidings-client.ts';

/** The id of the one resource that the events of a filter concern or relate to; null: there may be several. */
export function fixedResource(filter: EventFilter): string | null {
  const { resource, anyResource = [], and = [] } = filter;
  const given = [resource, ...anyResource].flatMap((each) => onlyName(each?.id) ?? []);
  const ids = new Set([...given, ...and.flatMap((each) => fixedResource(each) ?? [])]);
  return ids.size === 1 ? ([...ids][0] ?? null) : null;
}

function onlyName(filter: NameFilter | undefined): string | null {
  const { in: names = [], like = [] } = filter ?? {};
  if (names.length === 1) return names[0] ?? null;
  const [glob = '*'] = like;
  return names.length === 0 && like.length === 1 && !/[*?\\]/.test(glob) ? glob : null;
}
