import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TidingsReader } from '../../client/tidings-client.ts';
import { tidings } from '../data/session.ts';
import type { ValueRow } from './value-rows.ts';
import type { Field } from './without-field.ts';

/** The names of resources by id; null: it has none. */
export const resourceNames = signal<ReadonlyMap<string, string | null>>(new Map());

/** Asks for the names of the resources among values. */
export function useResourceNames(field: Field, rows: readonly ValueRow[]): void {
  const ids = field.is === 'resource' || field.is === 'role' ? rows.filter(({ isPrefix }) => !isPrefix).map(({ value }) => value) : [];
  useEffect(() => {
    const stop = new AbortController();
    void loadResourceNames(tidings.peek(), ids, stop.signal);
    return () => stop.abort();
  }, [ids.join('\n')]);
}

/** Asks for the names of resources that are not known yet, at most `maxNames`. Failures leave them without names. */
async function loadResourceNames(client: TidingsReader, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const unknown = ids.filter((id) => !resourceNames.peek().has(id)).slice(0, maxNames);
  if (unknown.length === 0) return;
  const variables = unknown.map((_id, index) => `$r${index}: ID!`).join(', ');
  const fields = unknown.map((_id, index) => `r${index}: resource(id: $r${index}) { name }`).join(' ');
  type Found = Readonly<Record<string, { readonly name: string | null } | null>>;
  const values = Object.fromEntries(unknown.map((id, index) => [`r${index}`, id]));
  const found = await client.graphql<Found>(`query Names(${variables}) { ${fields} }`, values, { signal }).catch(() => null);
  if (found === null || signal.aborted) return;
  // The oldest ones are forgotten.
  const known = [...resourceNames.peek(), ...unknown.map((id, index) => [id, found[`r${index}`]?.name ?? null] as const)];
  resourceNames.value = new Map(known.slice(-maxKnown));
}

/** A document has at most 50 fields at its root. */
const maxNames = 50;
const maxKnown = 2000;
