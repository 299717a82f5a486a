import { labelKeys } from '../event/event.ts';

/**
 * Terms: what an event says exactly, as 32-bit hashes. A digest of many events holds the terms of all of them, so that
 * whoever looks for a name, a label or the beginning of one need only read the events of digests that have its term.
 * Two things may share a hash: a term that is missing proves absence, one that is there proves nothing.
 */
export type Term = number;

/** In a digest in place of its terms when they are too many: it may have any. */
export const anyTerm: Term = 0;

/** Which resources of an event a term speaks of. */
export type Among = 'primary' | 'related';

export const termOf = {
  name: (name: string): Term => hashOf(hashStates.name, name),
  namePrefix: (prefix: string): Term => hashOf(hashStates.namePrefix, prefix),
  hasLabel: (among: Among, label: string): Term => hashOf(hashStates.hasLabel[among], label),
  /** The id and the role are labels here, as for a filter. */
  label: (among: Among, label: string, value: string): Term => hashOf(hashStates.label(among, label), value),
  idPrefix: (among: Among, prefix: string): Term => hashOf(hashStates.prefix(among, labelKeys.id), prefix),
  /** A related resource whose id is of this kind plays this part. */
  roleIdKind: (role: string, kind: string): Term => hashOf(hashStates.roleIdKind(role), kind),
} as const;

/**
 * What would have terms of its own in nearly every digest, which take a hundred times the room of bits: hashes for a
 * signature, several of each, since one bit says little.
 */
export const bloomKeysOf = {
  /** A label's value, not an id, begins like this. */
  labelPrefix: (among: Among, label: string, prefix: string): readonly number[] =>
    hashStates.labelPrefixBloomStates(among, label).map((state) => hashOf(state, prefix)),
  /** A related resource of this id plays this part: the two together, which terms of each could not say. */
  roleId: (role: string, id: string): readonly number[] => hashStates.roleIdBloomStates(role).map((state) => hashOf(state, id)),
} as const;

const seed = 0x811c9dc5;
const prime = 0x01000193;

const hashTags = {
  primary: { value: 'pi', prefix: 'pb' },
  related: { value: 'ri', prefix: 'rb' },
} as const;

/** What the hashes of terms and marks begin with, for one who makes many of a kind; the last part is still to come. */
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
 * FNV-1a over UTF-16 code units, then the finalizer of MurmurHash3; a signed 32-bit integer, as Postgres has them. In steps,
 * since the hashes of many texts begin with the same parts: this is the state behind some.
 */
export function hashStateOf(...parts: readonly string[]): number {
  return parts.reduce((state, roleIdKind) => extendState(state, roleIdKind, roleIdKind.length), seed);
}

/** The hash whose last part is the beginning of a text, of this length. */
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
