import type { FeedEvent } from '../../client/live-feed.ts';
import { columnOf } from '../view/columns.ts';

/** An event of the list: without its payload, except for what columns show. */
export interface ListedEvent extends FeedEvent {
  readonly event: string;
  readonly received: string;
  /** Labels that columns show are `c0`, `c1`, … */
  readonly resource: { readonly id: string; readonly name: string | null } & Readonly<Record<string, unknown>>;
  readonly related: readonly { readonly id: string; readonly role: string; readonly name: string | null }[];
  readonly follows: string | null;
  readonly payloadBytes: number;
}

/** The GraphQL selection of an event with these columns. */
export function rowSelection(columns: readonly string[]): string {
  const [labels, values]: [string[], string[]] = [[], []];
  columns.forEach((text, index) => {
    const column = columnOf(text);
    // A text of JSON is one of GraphQL.
    if (column.is === 'label') labels.push(`c${index}: label(key: ${JSON.stringify(column.key)})`);
    else values.push(`c${index}: payloadAt(path: ${JSON.stringify(column.path)})`);
  });
  return `id cursor event occurred received resource { id: resourceId name ${labels.join(' ')} }
    related { id: resourceId role name } follows: followsId payloadBytes ${values.join(' ')}`;
}

/** The value of the column with this index; undefined or null: the event has none. */
export function columnValue(event: ListedEvent, index: number): unknown {
  const name = `c${index}`;
  return event.resource[name] ?? (event as ListedEvent & Readonly<Record<string, unknown>>)[name];
}
