import { labelKeys } from '../event/event.ts';

/**
 * A term: the 32-bit hash of a name, label or prefix that an event has. A block summary holds the
 * terms of all its events. A search reads only the events of blocks that have its term.
 *
 * Guarantees: a missing term proves absence. Does not guarantee presence: two texts can have the
 * same hash.
 */
export type Term = number;

/** The only term of a summary that has too many: any term can be in it. */
export const anyTerm: Term = 0;

/** Which resources of an event a term is about. */
export type Among = 'primary' | 'related';

export const termOf = {
  name: (name: string): Term => hashOf(hashStates.name, name),
  namePrefix: (prefix: string): Term => hashOf(hashStates.namePrefix, prefix),
  hasLabel: (among: Among, label: string): Term => hashOf(hashStates.hasLabel[among], label),
  /** The id and the role count as labels, as in a filter. */
  label: (among: Among, label: string, value: string): Term => hashOf(hashStates.label(among, label), value),
  idPrefix: (among: Among, prefix: string): Term => hashOf(hashStates.prefix(among, labelKeys.id), prefix),
  /** A related resource in this role has an id of this kind. */
  roleIdKind: (role: string, kind: string): Term => hashOf(hashStates.roleIdKind(role), kind),
} as const;

/**
 * Bloom keys: hashes for texts that nearly every block has others of. Terms for them would take a
 * hundred times the space of bits. Each text has several keys, because one bit excludes little.
 */
export const bloomKeysOf = {
  /** The value of a label, other than the id, starts with this prefix. */
  labelPrefix: (among: Among, label: string, prefix: string): readonly number[] =>
    hashStates.labelPrefixBloomStates(among, label).map((state) => hashOf(state, prefix)),
  /**
   * A related resource has this id in this role. Separate terms for id and role could not combine
   * the two.
   */
  roleId: (role: string, id: string): readonly number[] => hashStates.roleIdBloomStates(role).map((state) => hashOf(state, id)),
} as const;

const seed = 0x811c9dc5;
const prime = 0x01000193;

const hashTags = {
  primary: { value: 'pi', prefix: 'pb' },
  related: { value: 'ri', prefix: 'rb' },
} as const;

/**
 * Hash states of terms and Bloom keys that lack only the last part, so that a builder hashes the
 * common parts once.
 */
export const hashStates = {
  name: hashStateOf('e'),
  namePrefix: hashStateOf('E'),
  hasLabel: { primary: hashStateOf('p'), related: hashStateOf('r') },
  label: (among: Among, label: string): number => hashStateOf(hashTags[among].value, label),
  prefix: (among: Among, label: string): number => hashStateOf(hashTags[among].prefix, label),
  labelPrefixBloomStates: (among: Among, label: string): readonly number[] =>
    ['0', '1'].map((n) => hashStateOf(n, hashTags[among].prefix, label)),
  roleIdKind: (role: string): number => hashStateOf('part', role),
  roleIdBloomStates: (role: string): readonly number[] => ['0', '1', '2'].map((n) => hashStateOf(n, 'part', role)),
} as const;

/**
 * The hash state after some parts. Hashes are FNV-1a over UTF-16 code units, then the finalizer of
 * MurmurHash3: signed 32-bit integers, like those of Postgres. The state lets hashes with the same
 * first parts share the work.
 */
export function hashStateOf(...parts: readonly string[]): number {
  return parts.reduce((state, part) => extendState(state, part, part.length), seed);
}

/** The hash whose last part is the prefix of `text` of this length. */
export function hashOf(state: number, text: string, length = text.length): number {
  let h = extendState(state, text, length);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

function extendState(state: number, text: string, length: number): number {
  let h = state;
  for (let at = 0; at < length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), prime);
  return Math.imul(h ^ 0xffff, prime); // U+FFFF ends a part
}
