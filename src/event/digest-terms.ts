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
  labelPrefix: (among: Among, label: string, cut: string): Term => hash(kinds[among].begins, label, cut),
  /** A related resource of this id plays this part: the two together, which a pair of terms could not say. */
  part: (role: string, id: string): Term => hash('part', role, id),
} as const;

const kinds = {
  primary: { has: 'p', is: 'pi', begins: 'pb' },
  related: { has: 'r', is: 'ri', begins: 'rb' },
} as const;

/** Collects the terms of events. Events that follow one another say most things again, which is noticed early. */
export class TermCollector {
  private terms = new Set<Term>();
  private readonly names = new Set<string>();
  private readonly labels = { primary: new Map<string, Set<string>>(), related: new Map<string, Set<string>>() };
  private readonly parts = new Map<string, Set<string>>();

  add(event: StoredEvent): void {
    if (isNew(this.names, event.event)) {
      this.terms.add(termOf.name(event.event));
      for (const cut of cutsOf(event.event)) this.terms.add(termOf.namePrefix(cut));
    }
    this.addResource('primary', event.resource);
    for (const related of event.related) {
      this.addResource('related', related);
      this.addLabel('related', labelKeys.role, related.role);
      if (isNew(valuesIn(this.parts, related.role), related.id)) this.terms.add(termOf.part(related.role, related.id));
    }
  }

  /** The terms, and a collector as new. */
  take(): readonly Term[] {
    const terms = Array.from(this.terms);
    this.terms = new Set();
    this.names.clear();
    this.labels.primary.clear();
    this.labels.related.clear();
    this.parts.clear();
    return terms.length > mostTerms ? [anyTerm] : terms;
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
    for (const cut of cutsOf(value, label)) this.terms.add(termOf.labelPrefix(among, label, cut));
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

/** The longest beginning of `prefix` that every name, or every value of `label`, that starts with it has a term for. */
export function longestCut(prefix: string, label?: string): string | null {
  return cutsOf(prefix, label).reduce<string | null>((longest, cut) => (cut.length > (longest?.length ?? 0) ? cut : longest), null);
}

/**
 * The beginnings of a name (or of a value of `label`) that have terms. A text's cuts are the same whatever follows,
 * which is what makes them good for prefixes. Names are few, so they are cut everywhere. Ids are many and made of parts:
 * they are cut behind each of the first parts and a little further. Of other values so much tells enough.
 */
function cutsOf(text: string, label?: string): readonly string[] {
  if (label === undefined) return Array.from({ length: Math.min(text.length, longestNameCut) }, (_, at) => text.slice(0, at + 1));
  if (label !== labelKeys.id) return text.length < valueCut ? [] : [text.slice(0, valueCut)];
  const ends = [0];
  for (let at = 0; at < text.length && ends.length <= mostParts; at += 1) if (isBoundary(text.charCodeAt(at))) ends.push(at + 1);
  return ends
    .flatMap((end) => [end, end + further])
    .flatMap((length) => (length > 0 && length <= text.length ? [text.slice(0, length)] : []));
}

function isBoundary(unit: number): boolean {
  return unit === 0x2e || unit === 0x2f || unit === 0x3a; // . / :
}

const longestNameCut = 64;
const valueCut = 2;
const mostParts = 3;
const further = 3;
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
