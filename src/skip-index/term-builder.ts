import { anyTerm, statesOf, termOf, type Among, type Term, hashOf } from './terms.ts';
import { labelKeys, nameOf, type RelatedResource, type Resource, type StoredEvent } from '../event/event.ts';
import { cutsOf, kindLength, valueCut } from './prefix-terms.ts';

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
  private readonly labels = { primary: new Map<string, LabelTerms>(), related: new Map<string, LabelTerms>() };
  private readonly roles = new Map<string, RoleTerms>();

  add(event: StoredEvent): void {
    if (isNew(this.names, event.event)) {
      this.terms.add(hashOf(statesOf.name, event.event));
      for (const length of cutsOf(event.event, 'name')) this.terms.add(hashOf(statesOf.namePrefix, event.event, length));
    }
    this.addResource('primary', event.resource);
    for (const related of event.related) {
      this.addResource('related', related);
      this.addLabel('related', labelKeys.role, related.role);
      this.addPart(related);
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
    this.roles.clear();
    return { terms: terms.length > mostTerms ? [anyTerm] : terms, marks };
  }

  private addResource(among: Among, resource: Resource | RelatedResource): void {
    this.addLabel(among, labelKeys.id, resource.id);
    for (const label of Object.keys(resource.labels)) this.addLabel(among, label, resource.labels[label] ?? '');
    const name = nameOf(resource);
    if (name !== null) this.addLabel(among, labelKeys.name, name);
  }

  private addLabel(among: Among, label: string, value: string): void {
    let known = this.labels[among].get(label);
    if (known === undefined) {
      known = labelTerms(among, label);
      this.labels[among].set(label, known);
      this.terms.add(termOf.hasLabel(among, label));
    }
    if (!isNew(known.values, value)) return;
    this.terms.add(hashOf(known.is, value));
    if (label === labelKeys.id) for (const length of cutsOf(value, 'id')) this.terms.add(hashOf(known.begins, value, length));
    else if (value.length >= valueCut) for (const state of known.marks) this.marks.add(hashOf(state, value, valueCut));
  }

  private addPart({ role, id }: RelatedResource): void {
    let known = this.roles.get(role);
    if (known === undefined) {
      known = roleTerms(role);
      this.roles.set(role, known);
    }
    if (!isNew(known.ids, id)) return;
    this.terms.add(hashOf(known.kind, id, kindLength(id)));
    for (const state of known.marks) this.marks.add(hashOf(state, id));
  }
}

/** The values of a label, and what the hashes of all its terms and marks begin with. */
interface LabelTerms {
  readonly values: Set<string>;
  readonly is: number;
  readonly begins: number;
  readonly marks: readonly number[];
}

function labelTerms(among: Among, label: string): LabelTerms {
  const begins = statesOf.prefix(among, label);
  return { values: new Set(), is: statesOf.label(among, label), begins, marks: statesOf.labelMarks(among, label) };
}

/** The ids in a role, and what the hashes of all its terms and marks begin with. */
interface RoleTerms {
  readonly ids: Set<string>;
  readonly kind: number;
  readonly marks: readonly number[];
}

function roleTerms(role: string): RoleTerms {
  return { ids: new Set(), kind: statesOf.part(role), marks: statesOf.partMarks(role) };
}

function isNew(values: Set<string>, value: string): boolean {
  const before = values.size;
  return values.add(value).size > before;
}

/** Beyond, a digest would cost more than it saves: 64 events may have millions of labels. */
const mostTerms = 20_000;
