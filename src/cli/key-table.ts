import { padded, widthOf, printable } from './terminal/format-text.ts';

/** An API key, as the server returns it. */
export interface ApiKeyData {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
  /** In words. */
  readonly visibleEvents: string;
  readonly emitPrefix: string | null;
  readonly created: string;
  readonly expires: string | null;
  readonly revoked: string | null;
}

/** A table of keys, with a header. */
export function keyTable(keys: readonly ApiKeyData[]): string {
  const rows = [header, ...keys.map(cells)];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
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

const header = ['ID', 'NAME', 'PERMISSIONS', 'STATE', 'CREATED', 'EXPIRES', 'EMIT PREFIX', 'VISIBLE EVENTS'];

function cells({ id, name, permissions, visibleEvents, emitPrefix, created, expires, revoked }: ApiKeyData): readonly string[] {
  return [
    id,
    name,
    permissions.join(',').toLowerCase(),
    stateOf({ expires, revoked }),
    minute(created),
    expires === null ? 'never' : minute(expires),
    permissions.includes('EMIT') ? `${emitPrefix ?? ''}*` : 'nothing',
    visibleEvents,
  ].map(printable);
}

function stateOf({ expires, revoked }: Pick<ApiKeyData, 'expires' | 'revoked'>): string {
  if (revoked !== null) return `revoked ${minute(revoked)}`;
  return expires !== null && Date.parse(expires) <= Date.now() ? 'expired' : 'active';
}

function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')}Z`;
}
