import { labelKeys, nameOf, type StoredEvent } from '../../event/event.ts';
import { encodeCodes, encodeValues, type Value } from './encoding.ts';

/**
 * A dictionary-encoded column of a row group, with codes of as few bits as the number of values
 * needs.
 *   label  the value of a label of the primary resource; null without it
 *   role   the ids of the related resources in a role, each once
 *   roles  the roles of the related resources
 */
export interface LabelColumn {
  readonly kind: LabelColumnKind;
  /** The label's key, or the role; empty for `roles`. */
  readonly name: string;
  /** Null if it would take too much space: the events must be scanned. */
  readonly encoded: { readonly values: Uint8Array; readonly codes: Uint8Array } | null;
}

export type LabelColumnKind = 'label' | 'role' | 'roles';

export interface LabelColumns {
  readonly columns: readonly LabelColumn[];
  /**
   * Whether every label and role has an entry in `columns`, stored or not. If so, a label without
   * one does not occur.
   */
  readonly hasAllColumns: boolean;
}

/**
 * Builds the columns of the labels and roles in a row group.
 *
 * Guarantees: bounded memory and bounded storage for any events. A column with too many values,
 * such as times, is not stored. If all columns together are too large, the smallest ones are
 * stored.
 */
export class LabelColumnsBuilder {
  private events = 0;
  private hasAllColumns = true;
  private readonly pendingByKind: Readonly<Record<LabelColumnKind, Map<string, PendingColumn>>> = {
    label: new Map(),
    role: new Map(),
    roles: new Map(),
  };
  private readonly pending: PendingColumn[] = [];

  add({ resource, related }: StoredEvent): void {
    // Two labels can hold the name: its column has the one that applies.
    for (const key of Object.keys(resource.labels)) if (key !== labelKeys.name) this.put('label', key, resource.labels[key] ?? null);
    const name = nameOf(resource);
    if (name !== null) this.put('label', labelKeys.name, name);
    const roles = new Map<string, string[]>();
    for (const { role, id } of related) {
      const ids = roles.get(role);
      if (ids === undefined) roles.set(role, [id]);
      else if (!ids.includes(id)) ids.push(id);
    }
    for (const [role, ids] of roles) this.put('role', role, ids);
    this.put('roles', '', [...roles.keys()]);
    this.events += 1;
  }

  /** Call once, after all events are added. */
  columns(): LabelColumns {
    const cheapestFirst = this.pending
      .map((column) => ({ kind: column.kind, name: column.name, encoded: encoded(column, this.events) }))
      .toSorted((a, b) => sizeOf(a) - sizeOf(b));
    let remainingBytes = maxBytes;
    const columns = cheapestFirst.map(({ kind, name, encoded: encodedColumn }) => {
      remainingBytes -= sizeOf({ encoded: encodedColumn });
      return { kind, name, encoded: remainingBytes < 0 ? null : encodedColumn };
    });
    return { columns, hasAllColumns: this.hasAllColumns };
  }

  private put(kind: LabelColumnKind, name: string, value: Value): void {
    const column = this.pendingByKind[kind].get(name) ?? this.startColumn(kind, name);
    if (column === null || column.characters > maxCharacters) return;
    padCodes(column, this.events);
    column.codes.push(codeOf(column, value));
    if (column.characters <= maxCharacters) return;
    column.known.clear();
    column.codes.length = 0;
  }

  private startColumn(kind: LabelColumnKind, name: string): PendingColumn | null {
    if (this.pending.length >= maxColumns || name.length > maxNameLength) {
      this.hasAllColumns = false;
      return null;
    }
    const column: PendingColumn = { kind, name, known: new Map(), codes: [], characters: 0 };
    this.pendingByKind[kind].set(name, column);
    this.pending.push(column);
    return column;
  }
}

interface PendingColumn {
  readonly kind: LabelColumnKind;
  readonly name: string;
  /** Values by a key that distinguishes them, in the order of their codes. */
  readonly known: Map<string | null, { readonly code: number; readonly value: Value }>;
  readonly codes: number[];
  /** Characters of all values; beyond `maxCharacters` the column is dropped. */
  characters: number;
}

/** Adds the code of the missing value for preceding events. */
function padCodes(column: PendingColumn, events: number): void {
  while (column.codes.length < events) column.codes.push(codeOf(column, column.kind === 'label' ? null : []));
}

function codeOf(column: PendingColumn, value: Value): number {
  const key = typeof value === 'string' || value === null ? value : value.join('\0');
  const known = column.known.get(key);
  if (known !== undefined) return known.code;
  const code = column.known.size;
  column.known.set(key, { code, value });
  column.characters += key?.length ?? 0;
  return code;
}

function encoded(column: PendingColumn, events: number): LabelColumn['encoded'] {
  if (column.characters > maxCharacters) return null;
  padCodes(column, events);
  const values = encodeValues(Array.from(column.known.values(), ({ value }) => value));
  return values.byteLength > maxColumnBytes ? null : { values, codes: encodeCodes(column.codes, column.known.size) };
}

function sizeOf({ encoded: encodedColumn }: Pick<LabelColumn, 'encoded'>): number {
  return encodedColumn === null ? 0 : encodedColumn.values.byteLength + encodedColumn.codes.byteLength;
}

/** Labels and roles with an entry. Beyond, `hasAllColumns` is false. */
const maxColumns = 200;
/** A role can be longer than an index entry. */
const maxNameLength = 255;
/** Characters of a column's values before encoding. */
const maxCharacters = 24_000;
/**
 * Bytes of a column's encoded values, and of all columns. A UUID for each of 1,024 events would
 * take 18,000.
 */
const maxColumnBytes = 4096;
const maxBytes = 16_384;
