import { padded, widthOf, printable } from './terminal/format-text.ts';

/** A key as the server tells it. */
export interface ShownKey {
  readonly id: string;
  readonly name: string;
  readonly may: readonly string[];
  readonly filter: unknown;
  readonly emitPrefix: string | null;
  readonly created: string;
  readonly expires: string | null;
  readonly revoked: string | null;
}

/** Keys as lines of a table, with a head. */
export function keyTable(keys: readonly ShownKey[]): string {
  const rows = [head, ...keys.map(cells)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => padded(cell, widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

const head = ['ID', 'NAME', 'MAY', 'STATE', 'CREATED', 'EXPIRES', 'EMITS', 'SEES'];

function cells({ id, name, may, filter, emitPrefix, created, expires, revoked }: ShownKey): readonly string[] {
  return [
    id,
    name,
    may.join(',').toLowerCase(),
    stateOf({ expires, revoked }),
    minute(created),
    expires === null ? 'never' : minute(expires),
    may.includes('EMIT') ? `${emitPrefix ?? ''}*` : 'nothing',
    may.includes('READ') ? (filter === null ? 'everything' : JSON.stringify(filter)) : 'nothing',
  ].map(printable);
}

function stateOf({ expires, revoked }: Pick<ShownKey, 'expires' | 'revoked'>): string {
  if (revoked !== null) return `revoked ${minute(revoked)}`;
  return expires !== null && Date.parse(expires) <= Date.now() ? 'expired' : 'good';
}

function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')}Z`;
}
