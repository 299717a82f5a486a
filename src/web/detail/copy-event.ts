import { documentSelection, eventDocument, type DocumentedEvent } from '../../client/tidings-client.ts';
import { key, tidings } from '../data/session.ts';
import { instants } from '../data/active-filter.ts';
import { copied, copy } from '../parts/copy.ts';
import { hrefOf } from '../view/current-view.ts';
import { commandText, curlText, queryText, rowText, typeScriptText, type RowEvent } from './event-texts.ts';

/** The link says the same later and elsewhere: its time range is absolute. */
export async function copyLink(id: string): Promise<void> {
  const { since = null, until = null } = instants.peek();
  await copy(new URL(hrefOf({ event: id, range: { since, until } }), location.href).href, 'Link');
}

export async function copyJson(id: string): Promise<void> {
  await copyLoaded(id, 'JSON document', async () => {
    const event = await read<DocumentedEvent>(id, documentSelection);
    return event === null ? null : eventDocument(event);
  });
}

export async function copyRow(id: string): Promise<void> {
  await copyLoaded(id, 'Row', async () => {
    const event = await read<RowEvent>(id, 'occurred event resource { id: resourceId name } related { role id: resourceId name }');
    return event === null ? null : rowText(event);
  });
}

export const copyQuery = (id: string): Promise<void> => copy(queryText(id), 'GraphQL query');
export const copyCurl = (id: string): Promise<void> => copy(curlText(location.origin, id, hasKey()), 'curl command');
export const copyCommand = (id: string): Promise<void> => copy(commandText(location.origin, id), 'Command');
export const copyTypeScript = (id: string): Promise<void> => copy(typeScriptText(location.origin, id, hasKey()), 'TypeScript');

async function copyLoaded(id: string, what: string, load: () => Promise<string | null>): Promise<void> {
  try {
    const text = await load();
    await copy(text ?? id, text === null ? 'Id: the event is not stored any more' : what);
  } catch (error) {
    copied.value = { what: `${what}: ${error instanceof Error ? error.message : String(error)}`, text: id };
  }
}

/** The panel has no payload that is large, so the text's parts are read. */
async function read<E>(id: string, selection: string): Promise<E | null> {
  const document = `query Copied($id: ID!) { event(id: $id) { ${selection} } }`;
  return (await tidings.peek().graphql<{ readonly event: E | null }>(document, { id })).event;
}

function hasKey(): boolean {
  return key.peek() !== null;
}
