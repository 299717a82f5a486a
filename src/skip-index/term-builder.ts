import { anyTerm, hashStates, termOf, type Among, type Term, hashOf } from './terms.ts';
import { labelKeys, nameOf, type RelatedResource, type Resource, type StoredEvent } from '../event/event.ts';
import { prefixLengthsOf, kindLength, labelPrefixLength } from './prefix-terms.ts';

/** Terms, and the Bloom keys that go into the Bloom filter. */
export interface BuiltTerms {
  readonly terms: readonly Term[];
  readonly bloomKeys: Iterable<number>;
}

/**
 * Collects the terms and Bloom keys of events. Consecutive events repeat most texts; known ones are
 * skipped unhashed.
 */
export class TermBuilder {
  private terms = new Set<Term>();
  private bloomKeys = new Set<number>();
  private readonly names = new Set<string>();
  private readonly labels = { primary: new Map<string, LabelTerms>(), related: new Map<string, LabelTerms>() };
  private readonly roles = new Map<string, RoleTerms>();

  add(event: StoredEvent): void {
    if (isNew(this.names, event.event)) {
      this.terms.add(hashOf(hashStates.name, event.event));
      for (const length of prefixLengthsOf(event.event, 'name')) this.terms.add(hashOf(hashStates.namePrefix, event.event, length));
    }
    this.addResource('primary', event.resource);
    for (const related of event.related) {
      this.addResource('related', related);
      this.addLabel('related', labelKeys.role, related.role);
      this.addRole(related);
    }
  }

  /** Returns the collected terms and resets the builder. */
  take(): BuiltTerms {
    const [terms, bloomKeys] = [Array.from(this.terms), this.bloomKeys];
    this.terms = new Set();
    this.bloomKeys = new Set();
    this.names.clear();
    this.labels.primary.clear();
    this.labels.related.clear();
    this.roles.clear();
    return { terms: terms.length > maxTerms ? [anyTerm] : terms, bloomKeys };
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
    this.terms.add(hashOf(known.valueState, value));
    if (label === labelKeys.id) for (const length of prefixLengthsOf(value, 'id')) this.terms.add(hashOf(known.prefixState, value, length));
    else if (value.length >= labelPrefixLength)
      for (const state of known.bloomStates) this.bloomKeys.add(hashOf(state, value, labelPrefixLength));
  }

  private addRole({ role, id }: RelatedResource): void {
    let known = this.roles.get(role);
    if (known === undefined) {
      known = roleTerms(role);
      this.roles.set(role, known);
    }
    if (!isNew(known.ids, id)) return;
    this.terms.add(hashOf(known.kindState, id, kindLength(id)));
    for (const state of known.bloomStates) this.bloomKeys.add(hashOf(state, id));
  }
}

/** The values of a label, and the hash states that its terms and Bloom keys start from. */
interface LabelTerms {
  readonly values: Set<string>;
  readonly valueState: number;
  readonly prefixState: number;
  readonly bloomStates: readonly number[];
}

function labelTerms(among: Among, label: string): LabelTerms {
  const prefixState = hashStates.prefix(among, label);
  return {
    values: new Set(),
    valueState: hashStates.label(among, label),
    prefixState,
    bloomStates: hashStates.labelPrefixBloomStates(among, label),
  };
}

/** The ids in a role, and the hash states that its terms and Bloom keys start from. */
interface RoleTerms {
  readonly ids: Set<string>;
  readonly kindState: number;
  readonly bloomStates: readonly number[];
}

function roleTerms(role: string): RoleTerms {
  return { ids: new Set(), kindState: hashStates.roleIdKind(role), bloomStates: hashStates.roleIdBloomStates(role) };
}

function isNew(values: Set<string>, value: string): boolean {
  const before = values.size;
  return values.add(value).size > before;
}

/**
 * With more terms, a summary has only `anyTerm`. It would cost more than it saves: 64 events can
 * have millions of labels.
 */
const maxTerms = 20_000;
