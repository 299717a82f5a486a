import { padded, widthOf, printable } from './terminal/format-text.ts';

/** A key as the server tells it. */
export interface ApiKeyData {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly filter: unknown;
  readonly emitPrefix: string | null;
  readonly created: string;
  readonly expires: string | null;
  readonly revoked: string | null;
}

/** Keys as lines of a table, with a head. */
export function keyTable(keys: readonly ApiKeyData[]): string {
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

function cells({ id, name, permissions, filter, emitPrefix, created, expires, revoked }: ApiKeyData): readonly string[] {
  return [
    id,
    name,
    permissions.join(',').toLowerCase(),
    stateOf({ expires, revoked }),
    minute(created),
    expires === null ? 'never' : minute(expires),
    permissions.includes('EMIT') ? `${emitPrefix ?? ''}*` : 'nothing',
    permissions.includes('READ') ? (filter === null ? 'everything' : JSON.stringify(filter)) : 'nothing',
  ].map(printable);
}

function stateOf({ expires, revoked }: Pick<ApiKeyData, 'expires' | 'revoked'>): string {
  if (revoked !== null) return `revoked ${minute(revoked)}`;
  return expires !== null && Date.parse(expires) <= Date.now() ? 'expired' : 'good';
}

function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')}Z`;
}
