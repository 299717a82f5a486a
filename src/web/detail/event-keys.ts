import { tidings } from '../data/session.ts';
import { addCondition } from '../query/query-text.ts';
import { show, view } from '../view/current-view.ts';
import { copyJson, copyLink } from './copy-event.ts';

/** Does what a key means that needs the event's data, whether it is open or a row of the list has the focus. */
export async function runEventKey(key: string, id: string): Promise<void> {
  switch (key) {
    case 'r':
      return await showResource(id);
    case 'y':
      return await copyJson(id);
    default:
      return await copyLink(id);
  }
}

/** Shows all events of its resource, and what is known of it. */
async function showResource(id: string): Promise<void> {
  const document = 'query ResourceOf($id: ID!) { event(id: $id) { resource { id: resourceId } } }';
  const before = view.peek();
  const { event } = await tidings.peek().graphql<{ event: { resource: { id: string } } | null }>(document, { id });
  if (event === null || view.peek() !== before) return; // the reader went elsewhere meanwhile
  show({ query: addCondition('', { is: 'resource', value: event.resource.id }, 'only'), filter: null, panel: 'event' });
}
