import type { EventFilter, Page, TidingsReader } from '../../client/tidings-client.ts';

/** A row of the events around another one. */
export interface AroundEvent {
  readonly id: string;
  readonly cursor: string;
  readonly event: string;
  readonly occurred: string;
  readonly resource: { readonly id: string; readonly name: string | null };
  readonly related: readonly { readonly id: string; readonly role: string; readonly name: string | null }[];
}

/** Which events are meant: all of the log, or those of one resource. */
export interface Surroundings {
  readonly name: string;
  readonly filter: EventFilter;
}

/** The event in the middle, and the surroundings that it has: the log, its resource, and each of its related ones. */
export async function readMiddle(client: TidingsReader, id: string, signal: AbortSignal): Promise<AroundEvent | null> {
  const document = `query Middle($id: ID!) { event(id: $id) { ${aroundSelection} } }`;
  return (await client.graphql<{ event: AroundEvent | null }>(document, { id }, { signal })).event;
}

export function surroundingsOf({ resource, related }: AroundEvent): readonly Surroundings[] {
  const byRole = new Map(related.map(({ role, id }) => [role, id]));
  // An actor comes first: what it did before and after is the question most often.
  const roles = [...byRole].toSorted(([a], [b]) => Number(b === 'actor') - Number(a === 'actor')).slice(0, maxRoles);
  return [
    { name: 'Log', filter: {} },
    { name: 'Resource', filter: filterOf(resource.id) },
    ...roles.map(([role, id]) => ({ name: titleOf(role), filter: filterOf(id) })),
  ];
}

interface PageRequest {
  readonly filter: EventFilter;
  readonly cursor: string;
  readonly way: 'before' | 'after';
  readonly signal: AbortSignal;
}

/** Events before or after a position of the log, in its order. */
export async function readAround(client: TidingsReader, { filter, cursor, way, signal }: PageRequest): Promise<Page<AroundEvent>> {
  const bounds = way === 'before' ? { last: aroundPageSize, before: cursor } : { first: aroundPageSize, after: cursor };
  const page: Page<unknown> = await client.page({ filter, ...bounds, order: 'LOG', select: aroundSelection, signal });
  return page as Page<AroundEvent>;
}

function filterOf(resourceId: string): EventFilter {
  return { anyResource: [{ id: { in: [resourceId] } }] };
}

function titleOf(role: string): string {
  return `${role.slice(0, 1).toUpperCase()}${role.slice(1)}`;
}

export const aroundPageSize = 25;
const maxRoles = 4;
/** What a row shows. */
export const aroundSelection = 'id cursor event occurred resource { id: resourceId name } related { id: resourceId role name }';
