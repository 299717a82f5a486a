import { labelKeys, nameOf, type RelatedResource, type Resource, type StoredEvent } from './event.ts';

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
  name: (name: string): Term => hash('e', name),
  namePrefix: (cut: string): Term => hash('E', cut),
  hasLabel: (among: Among, label: string): Term => hash(kinds[among].has, label),
  /** The id and the role are labels here, as for a filter. */
  label: (among: Among, label: string, value: string): Term => hash(kinds[among].is, label, value),
  idPrefix: (among: Among, cut: string): Term => hash(kinds[among].begins, labelKeys.id, cut),
  /** A related resource whose id is of this kind plays this part. */
  part: (role: string, kind: string): Term => hash('part', role, kind),
} as const;

/**
 * What would have terms of its own in nearly every digest, which take a hundred times the room of bits: hashes for a
 * signature, several of each, since one bit says little.
 */
export const marksOf = {
  /** A label's value, not an id, begins like this. */
  labelPrefix: (among: Among, label: string, cut: string): readonly number[] => marks(2, kinds[among].begins, label, cut),
  /** A related resource of this id plays this part: the two together, which terms of each could not say. */
  part: (role: string, id: string): readonly number[] => marks(3, 'part', role, id),
} as const;

function marks(count: number, ...parts: readonly string[]): readonly number[] {
  return Array.from({ length: count }, (_, n) => hash(String(n), ...parts));
}

const kinds = {
  primary: { has: 'p', is: 'pi', begins: 'pb' },
  related: { has: 'r', is: 'ri', begins: 'rb' },
} as const;

/** Terms, and what goes into the signature beside them. */
export interface Collected {
  readonly terms: readonly Term[];
  readonly marks: Iterable<number>;
}

/** Collects the terms and marks of events. Events that follow one another say most things again, which is noticed early. */
export class TermCollector {
  private terms = new Set<Term>();
  private marks = new Set<number>();
  private readonly names = new Set<string>();
  private readonly labels = { primary: new Map<string, Set<string>>(), related: new Map<string, Set<string>>() };
  private readonly parts = new Map<string, Set<string>>();

  add(event: StoredEvent): void {
    if (isNew(this.names, event.event)) {
      this.terms.add(termOf.name(event.event));
      for (const cut of cutsOf(event.event, 'name')) this.terms.add(termOf.namePrefix(cut));
    }
    this.addResource('primary', event.resource);
    for (const related of event.related) {
      this.addResource('related', related);
      this.addLabel('related', labelKeys.role, related.role);
      if (!isNew(valuesIn(this.parts, related.role), related.id)) continue;
      this.terms.add(termOf.part(related.role, kindOf(related.id)));
      for (const mark of marksOf.part(related.role, related.id)) this.marks.add(mark);
    }
  }

  /** What was collected, and a collector as new. */
  take(): Collected {
    const [terms, marks] = [Array.from(this.terms), this.marks];
    this.terms = new Set();
    this.marks = new Set();
    this.names.clear();
    this.labels.primary.clear();
    this.labels.related.clear();
    this.parts.clear();
    return { terms: terms.length > mostTerms ? [anyTerm] : terms, marks };
  }

  private addResource(among: Among, resource: Resource | RelatedResource): void {
    this.addLabel(among, labelKeys.id, resource.id);
    for (const [label, value] of Object.entries(resource.labels)) this.addLabel(among, label, value);
    const name = nameOf(resource);
    if (name !== null) this.addLabel(among, labelKeys.name, name);
  }

  private addLabel(among: Among, label: string, value: string): void {
    const values = valuesIn(this.labels[among], label);
    if (values.size === 0) this.terms.add(termOf.hasLabel(among, label));
    if (!isNew(values, value)) return;
    this.terms.add(termOf.label(among, label, value));
    if (label === labelKeys.id) for (const cut of cutsOf(value, 'id')) this.terms.add(termOf.idPrefix(among, cut));
    else if (value.length >= valueCut) for (const mark of marksOf.labelPrefix(among, label, value.slice(0, valueCut))) this.marks.add(mark);
  }
}

function isNew(values: Set<string>, value: string): boolean {
  const before = values.size;
  return values.add(value).size > before;
}

function valuesIn(all: Map<string, Set<string>>, key: string): Set<string> {
  const known = all.get(key);
  if (known !== undefined) return known;
  const values = new Set<string>();
  all.set(key, values);
  return values;
}

/** The longest beginning of `prefix` that every name, or every id, that starts with it has a term for. */
export function longestCut(prefix: string, of: Cut): string | null {
  return cutsOf(prefix, of).reduce<string | null>((longest, cut) => (cut.length > (longest?.length ?? 0) ? cut : longest), null);
}

/** What the value of a label that is no id has marks for, if it starts with `prefix`. */
export function labelCut(prefix: string): string | null {
  return prefix.length < valueCut ? null : prefix.slice(0, valueCut);
}

/** What ids of one kind begin with, whatever they go on with. */
export function kindOf(id: string): string {
  return id.slice(0, boundariesIn(id, kindParts).at(-1));
}

/**
 * The beginnings that have terms: behind each of the first parts and a little further; of names, which are few, also in
 * between. A text's cuts are the same whatever follows, which is what makes them good for prefixes.
 */
function cutsOf(text: string, of: Cut): readonly string[] {
  return boundariesIn(text, mostParts)
    .flatMap((end) => further[of].map((more) => end + more))
    .flatMap((length) => (length > 0 && length <= text.length ? [text.slice(0, length)] : []));
}

/** What is cut. */
type Cut = 'name' | 'id';

/** 0, and where the first parts of a text end. */
function boundariesIn(text: string, most: number): readonly number[] {
  const ends = [0];
  for (let at = 0; at < text.length && ends.length <= most; at += 1) if (isBoundary(text.charCodeAt(at))) ends.push(at + 1);
  return ends;
}

function isBoundary(unit: number): boolean {
  return unit === 0x2e || unit === 0x2f || unit === 0x3a; // . / :
}

const valueCut = 2;
const mostParts = 3;
const kindParts = 2;
const further = { name: [0, 1, 2, 3], id: [0, 3] } as const;
/** Beyond, a digest would cost more than it saves: 64 events may have millions of labels. */
const mostTerms = 20_000;

/** FNV-1a over UTF-16 code units, then the finalizer of MurmurHash3; a signed 32-bit integer, as Postgres has them. */
function hash(...parts: readonly string[]): Term {
  let h = 0x811c9dc5;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 1) h = Math.imul(h ^ part.charCodeAt(at), 0x01000193);
    h = Math.imul(h ^ 0xffff, 0x01000193); // U+FFFF ends a part
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
