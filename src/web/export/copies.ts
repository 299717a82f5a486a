import { ExactNumber, stringifyLossless, type EventFilter } from '../../client/tidings-client.ts';

/** What the page shows, for texts that ask for the same elsewhere. */
export interface Selection {
  /** The address of the server. */
  readonly origin: string;
  readonly filter: EventFilter;
  /** The server requires a key. It is not copied: texts read it from TIDINGS_KEY. */
  readonly hasKey: boolean;
  readonly order: 'NEWEST_FIRST' | 'LOG';
}

const query = `query Events($filter: EventFilter, $order: EventOrder) {
  events(filter: $filter, order: $order, first: 100) {
    nodes { id occurred event resource { resourceId name } related { role resourceId name } payload }
    pageInfo { hasNextPage endCursor }
    head
  }
}`;

/** The variables of a query, a subscription or a count. */
export function graphqlVariables({ filter, order }: Selection): string {
  return indented({ filter, order });
}

/** A command that asks for the newest events, for sh. */
export function curlCommand({ origin, filter, order, hasKey }: Selection): string {
  const body = stringifyLossless({ query: query.replaceAll(/\s+/g, ' '), variables: { filter, order } });
  return [
    `curl -sS ${shellWord(`${origin}/graphql`)}`,
    ...(hasKey ? ['-H "authorization: Bearer $TIDINGS_KEY"'] : []),
    "-H 'content-type: application/json'",
    `--data-raw ${shellWord(body)}`,
  ].join(' \\\n  ');
}

/** The command that prints such events as they arrive; null: its options cannot express the filter. */
export function tailCommand({ origin, filter }: Selection): string | null {
  const options: string[] = [];
  for (const { event, resource, ...others } of conjuncts(filter)) {
    if (Object.keys(others).length > 0) return null;
    if (event !== undefined) {
      if (!hasOnly(event, 'startsWith') || options.some((each) => each.startsWith('--event'))) return null;
      options.push(...(event.startsWith ?? []).map((prefix) => `--event ${shellWord(prefix)}`));
    }
    if (resource !== undefined) {
      const { id } = resource;
      if (!hasOnly(resource, 'id') || id === undefined || !hasOnly(id, 'in')) return null;
      if (options.some((each) => each.startsWith('--resource'))) return null;
      options.push(...(id.in ?? []).map((value) => `--resource ${shellWord(value)}`));
    }
  }
  return ['tidings tail', ...options, `--url ${shellWord(origin)}`].join(' ');
}

/** A program that follows such events. */
export function clientProgram({ origin, filter, hasKey }: Selection): string {
  const key = hasKey ? `, { key: ${programEnvironment}.TIDINGS_KEY }` : '';
  return `import { createTidings } from '@tidings/client';

const tidings = createTidings(${JSON.stringify(origin)}${key});
const filter = ${indented(filter, '', bigintLiteral)} as const;
for await (const event of tidings.events(filter, { after: 'beginning' })) {
  console.log(event.occurred, event.event, event.resource.id);
}
`;
}

/** Where the copied program reads settings; this page has no environment. */
const programEnvironment = ['process', 'env'].join('.');

/** A text as one word of a command line of sh. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The filters that all must match. */
function conjuncts({ and, ...filter }: EventFilter): readonly EventFilter[] {
  return [filter, ...(and ?? []).flatMap(conjuncts)].filter((each) => Object.keys(each).length > 0);
}

function hasOnly(value: object, name: string): boolean {
  return Object.keys(value).every((each) => each === name);
}

/** JSON on several lines, in which numbers keep their value. `exact` writes those that a double cannot hold. */
function indented(value: unknown, indent = '', exact: (number: ExactNumber) => string = String): string {
  if (value instanceof ExactNumber) return exact(value);
  if (typeof value !== 'object' || value === null) return stringifyLossless(value);
  if (Array.isArray(value)) return `[${value.map((each) => indented(each, indent, exact)).join(', ')}]`;
  const inner = `${indent}  `;
  const members = Object.entries(value).map(([name, each]) => `${inner}${JSON.stringify(name)}: ${indented(each, inner, exact)}`);
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}

/** JavaScript has no exact decimal fractions. */
function bigintLiteral({ text }: ExactNumber): string {
  return /^-?\d+$/.test(text) ? `${text}n` : text;
}
