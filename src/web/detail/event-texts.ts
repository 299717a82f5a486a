import { printable } from '../text/printable.ts';

export interface RowEvent {
  readonly occurred: string;
  readonly event: string;
  readonly resource: { readonly id: string; readonly name: string | null };
  readonly related: readonly { readonly id: string; readonly role: string; readonly name: string | null }[];
}

/** One line: time in UTC, event, resource, related resources. */
export function rowText({ occurred, event, resource, related }: RowEvent): string {
  const others = related.map((each) => `${printable(each.role)}=${printable(each.name ?? each.id)}`);
  return [occurred, printable(event), printable(resource.name ?? resource.id), ...others].join('  ');
}

/** A GraphQL operation that reads the event. */
export function queryText(id: string): string {
  return `query Event {
  event(id: ${escaped(JSON.stringify(id))}) {
    id
    occurred
    received
    event
    resource { resourceId name labels }
    related { role resourceId name labels }
    payload
    followsId
    cursor
  }
}`;
}

/** The same as a command for a shell. The key is read from a variable, so that it is not in the history. */
export function curlText(origin: string, id: string, hasKey: boolean): string {
  const query = queryText('').replace('Event {', 'Event($id: ID!) {').replace('""', '$id').replaceAll(/\s+/g, ' ');
  const key = hasKey ? ` \\\n  -H "authorization: Bearer $TIDINGS_KEY"` : '';
  const body = escaped(JSON.stringify({ query, variables: { id } }));
  return `curl ${shellWord(`${origin}/graphql`)} \\\n  -H 'content-type: application/json'${key} \\\n  -d ${shellWord(body)}`;
}

export function commandText(origin: string, id: string): string {
  return `npm run tidings -- chain ${shellWord(id)} --url ${shellWord(origin)}`;
}

export function typeScriptText(origin: string, id: string, hasKey: boolean): string {
  const [setKey, options] = hasKey ? ["const key = '…'; // an API key\n", ', { key }'] : ['', ''];
  return `import { createTidings } from '@tidings/client';

${setKey}await using tidings = createTidings(${JSON.stringify(origin)}${options});
const event = await tidings.event(${escaped(JSON.stringify(id))});
`;
}

/** A word that no shell interprets. With characters that a terminal would, they are escaped, which bash and zsh read. */
export function shellWord(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text;
  if (!unprintable.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const inside = text
    .replaceAll(/['\\]/g, String.raw`\$&`)
    .replaceAll(allUnprintable, (character) => hexEscape('U', character.codePointAt(0) ?? 0, 8));
  return `$'${inside}'`;
}

/** JSON in which no character changes the direction of text or what a terminal does. */
function escaped(json: string): string {
  return json.replaceAll(allUnprintable, escapeOf);
}

/** In UTF-16 code units, as JSON and JavaScript write them. */
function escapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, at) => hexEscape('u', character.charCodeAt(at), 4)).join('');
}

function hexEscape(kind: 'u' | 'U', code: number, digits: number): string {
  return `\\${kind}${code.toString(16).padStart(digits, '0')}`;
}

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const allUnprintable = new RegExp(unprintable, 'gu');
