import { labelKeys, nameOf, type StoredEvent } from '../../event/event.ts';
import { packedCodes, packedValues, type Value } from './encoding.ts';

/**
 * A column of a chapter that says something of its events besides time, name and resource. Each value stands once, and is
 * then told by as many bits as that takes.
 *   label  the value of a label of the primary resource, null without it
 *   role   the ids of the related resources in a role, each once
 *   roles  which roles there are
 */
export interface ValueColumn {
  readonly kind: ValueKind;
  /** The label's key, or the role; empty for `roles`. */
  readonly name: string;
  /** Null where too much would have to be written: then the events must be looked at. */
  readonly packed: { readonly values: Uint8Array; readonly of: Uint8Array } | null;
}

export type ValueKind = 'label' | 'role' | 'roles';

export interface ValueColumns {
  readonly columns: readonly ValueColumn[];
  /** Whether all labels and roles have a column, if only one that is not written: what has none does not occur. */
  readonly complete: boolean;
}

/**
 * Collects the columns of a chapter's labels and roles. Promises bounded space, in memory and in what it writes, whatever
 * events say: a column with too many values, such as times, is not written, and where there are too many columns, the
 * cheapest are.
 */
export class ValueColumnsBuilder {
  private events = 0;
  private complete = true;
  private readonly columnsOf: Readonly<Record<ValueKind, Map<string, Building>>> = { label: new Map(), role: new Map(), roles: new Map() };
  private readonly building: Building[] = [];

  add({ resource, related }: StoredEvent): void {
    // The name is a field that two labels can give.
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

  /** To be asked once, when all were added. */
  columns(): ValueColumns {
    const cheapestFirst = this.building
      .map((column) => ({ kind: column.kind, name: column.name, packed: packed(column, this.events) }))
      .toSorted((a, b) => sizeOf(a) - sizeOf(b));
    let left = mostBytes;
    const columns = cheapestFirst.map(({ kind, name, packed: own }) => {
      left -= sizeOf({ packed: own });
      return { kind, name, packed: left < 0 ? null : own };
    });
    return { columns, complete: this.complete };
  }

  private put(kind: ValueKind, name: string, value: Value): void {
    const column = this.columnsOf[kind].get(name) ?? this.begin(kind, name);
    if (column === null || column.characters > mostCharacters) return;
    fill(column, this.events);
    column.of.push(codeOf(column, value));
    if (column.characters <= mostCharacters) return;
    column.known.clear();
    column.of.length = 0;
  }

  private begin(kind: ValueKind, name: string): Building | null {
    if (this.building.length >= mostColumns || name.length > longestName) {
      this.complete = false;
      return null;
    }
    const column: Building = { kind, name, known: new Map(), of: [], characters: 0 };
    this.columnsOf[kind].set(name, column);
    this.building.push(column);
    return column;
  }
}

interface Building {
  readonly kind: ValueKind;
  readonly name: string;
  /** Values by what tells them apart, in the order of their numbers. */
  readonly known: Map<string | null, { readonly code: number; readonly value: Value }>;
  readonly of: number[];
  /** Of all values; beyond `mostCharacters` the column is given up. */
  characters: number;
}

/** Events that say nothing here. */
function fill(column: Building, events: number): void {
  while (column.of.length < events) column.of.push(codeOf(column, column.kind === 'label' ? null : []));
}

function codeOf(column: Building, value: Value): number {
  const key = typeof value === 'string' || value === null ? value : value.join('\0');
  const known = column.known.get(key);
  if (known !== undefined) return known.code;
  const code = column.known.size;
  column.known.set(key, { code, value });
  column.characters += key?.length ?? 0;
  return code;
}

function packed(column: Building, events: number): ValueColumn['packed'] {
  if (column.characters > mostCharacters) return null;
  fill(column, events);
  const values = packedValues(Array.from(column.known.values(), ({ value }) => value));
  return values.byteLength > mostBytesOfOne ? null : { values, of: packedCodes(column.of, column.known.size) };
}

function sizeOf({ packed: own }: Pick<ValueColumn, 'packed'>): number {
  return own === null ? 0 : own.values.byteLength + own.of.byteLength;
}

/** Labels and roles of a chapter that are written, or known not to be. */
const mostColumns = 200;
/** A role can be longer than an index takes. */
const longestName = 255;
/** Of a column's values, before they are packed. */
const mostCharacters = 24_000;
/** Of a column's values, packed, and of all columns: for a thousand events. A UUID for each would take 18,000. */
const mostBytesOfOne = 4096;
const mostBytes = 16_384;
