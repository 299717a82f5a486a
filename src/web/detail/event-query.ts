import type { Labels, TidingsReader } from '../../client/tidings-client.ts';

/** A neighbour of an event in its chain. */
export interface Link {
  readonly id: string;
  readonly event: string;
  readonly occurred: string;
  readonly resource: { readonly id: string; readonly name: string | null };
}

/** An event without its payload. */
export interface OpenedEvent extends Link {
  readonly cursor: string;
  readonly received: string;
  readonly payloadBytes: number;
  readonly followsId: string | null;
  readonly resource: { readonly id: string; readonly name: string | null; readonly labels: Labels; readonly role: string | null };
  readonly related: readonly { readonly id: string; readonly role: string; readonly name: string | null; readonly labels: Labels }[];
  /** The events that it follows, nearest first, at most `maxLinks` of them and one more. */
  readonly before: readonly Link[];
  /** Events that follow it, oldest first, at most `maxLinks` of them and one more. */
  readonly after: readonly Link[];
}

/** More are counted as "more". */
export const maxLinks = 3;

interface Response {
  readonly event:
    | (Omit<OpenedEvent, 'before' | 'after'> & {
        readonly follows: Followed | null;
        readonly followers: { readonly nodes: readonly Link[] };
      })
    | null;
  readonly service: { readonly retentionDays: number | null };
}
type Followed = Link & { readonly follows?: Followed | null };

/** Reads an event; null when it is not stored. */
export async function readEvent(
  client: TidingsReader,
  id: string,
  signal: AbortSignal,
): Promise<{ readonly event: OpenedEvent | null; readonly retentionDays: number | null }> {
  const { event, service } = await client.graphql<Response>(query, { id }, { signal });
  if (event === null) return { event, ...service };
  const { follows, followers, ...fields } = event;
  const before: Link[] = [];
  for (let each: Followed | null | undefined = follows; each; each = each.follows) before.push(each);
  return { event: { ...fields, before, after: followers.nodes }, ...service };
}

const nested = '...link follows { '.repeat(maxLinks + 1);
const query = `query OpenEvent($id: ID!) {
  event(id: $id) {
    ...link cursor received payloadBytes followsId
    resource { labels role: label(key: "prefect.resource.role") }
    related { id: resourceId role name labels }
    follows { ${nested.slice(0, -'follows { '.length)} ${'} '.repeat(maxLinks)} }
    followers(first: ${maxLinks + 1}) { nodes { ...link } }
  }
  service { retentionDays }
}
fragment link on Event { id event occurred resource { id: resourceId name } }`;
