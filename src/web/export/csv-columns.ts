import { columnOf } from '../view/columns.ts';

/** A column of the CSV file: its header, what it needs of an event, and the cell. */
export interface CsvColumn {
  readonly header: string;
  /** A GraphQL selection of Event. */
  readonly select: string;
  readonly cell: (event: CsvEvent) => unknown;
}

/** An event with the selected fields. */
export interface CsvEvent {
  readonly id: string;
  readonly occurred: string;
  readonly received: string;
  readonly event: string;
  readonly follows: string | null;
  readonly resource: { readonly id: string; readonly name: string | null } & Readonly<Record<string, unknown>>;
  readonly related: readonly { readonly role: string; readonly id: string }[];
}

/** The fields that every event has. */
export const eventColumns: readonly CsvColumn[] = [
  { header: 'occurred', select: 'occurred', cell: ({ occurred }) => occurred },
  { header: 'event', select: 'event', cell: ({ event }) => event },
  { header: 'resource.id', select: 'resource { id: resourceId }', cell: ({ resource }) => resource.id },
  { header: 'resource.name', select: 'resource { name }', cell: ({ resource }) => resource.name },
  {
    header: 'related',
    select: 'related { role id: resourceId }',
    cell: ({ related }) => related.map(({ role, id }) => `${role}=${id}`).join('; '),
  },
  { header: 'received', select: 'received', cell: ({ received }) => received },
  { header: 'id', select: 'id', cell: ({ id }) => id },
  { header: 'follows', select: 'follows: followsId', cell: ({ follows }) => follows },
];

/** The columns that the view has in addition: labels and values of the payload. */
export function chosenColumns(columns: readonly string[]): readonly CsvColumn[] {
  return columns.slice(0, maxColumns).map((text, index): CsvColumn => {
    const column = columnOf(text);
    const alias = `c${index}`;
    if (column.is === 'label') {
      return {
        header: text,
        select: `resource { ${alias}: label(key: ${JSON.stringify(column.key)}) }`,
        cell: ({ resource }) => resource[alias],
      };
    }
    return {
      header: text,
      select: `${alias}: payloadAt(path: ${JSON.stringify(column.path)})`,
      cell: (event) => (event as unknown as Readonly<Record<string, unknown>>)[alias],
    };
  });
}

/** A document has at most 100 aliases. */
const maxColumns = 90;
