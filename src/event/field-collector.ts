import { keysOf } from '../json/keys-of.ts';
import { labelKeys, shownLabels, type StoredEvent } from './event.ts';
import { anyElement, formatStep, maxAnyElements, maxPathLength, type PatternStep } from './payload-path.ts';
import { compareCodePoints } from './text.ts';

/**
 * A label key, role or payload path, the number of events that have it, and a value that one of
 * them has.
 */
export interface FieldCount {
  readonly name: string;
  readonly count: number;
  readonly example: unknown;
}

/**
 * Counts the label keys, roles and payload paths of events, each once an event.
 *
 * Guarantees: memory and time are bounded. Of each kind the first `maxTrackedNames` names count, of
 * each payload the first `maxPayloadValues` values.
 * Does not guarantee exact counts beyond these bounds.
 */
export class FieldCollector {
  private readonly labelKeys = new NameCounter();
  private readonly roleNames = new NameCounter();
  private readonly paths = new NameCounter();

  add(event: StoredEvent): void {
    this.labelKeys.add(labelsOf(event));
    this.roleNames.add(new Map(event.related.toReversed().map(({ role, id }) => [role, id])));
    this.paths.add(payloadValues(event.payload));
  }

  labels(): readonly FieldCount[] {
    return this.labelKeys.mostFrequent();
  }

  /** The example of a role is the id of a resource in this role. */
  roles(): readonly FieldCount[] {
    return this.roleNames.mostFrequent();
  }

  /** Paths of scalars and of empty objects and lists, in the syntax of filters. */
  payloadPaths(): readonly FieldCount[] {
    return this.paths.mostFrequent();
  }
}

class NameCounter {
  private readonly counts = new Map<string, { count: number; readonly example: unknown }>();

  /** Counts each name once. Keeps the first example of a name. */
  add(examples: ReadonlyMap<string, unknown>): void {
    for (const [name, example] of examples) {
      const known = this.counts.get(name);
      if (known !== undefined) known.count += 1;
      else if (this.counts.size < maxTrackedNames) this.counts.set(name, { count: 1, example: shortened(example) });
    }
  }

  mostFrequent(): readonly FieldCount[] {
    return Array.from(this.counts, ([name, { count, example }]) => ({ name, count, example }))
      .toSorted((a, b) => b.count - a.count || compareCodePoints(a.name, b.name))
      .slice(0, maxFieldNames);
  }
}

/** The labels of the primary resource before those of related ones. */
function labelsOf({ resource, related }: StoredEvent): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const each of [resource, ...related]) {
    for (const [key, value] of Object.entries(shownLabels(each))) {
      if (key !== labelKeys.id && !labels.has(key)) labels.set(key, value);
    }
  }
  return labels;
}

/** Each path of a payload that filters accept, with the first value there. */
function payloadValues(payload: unknown): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  let visited = 0;
  const visit = (value: unknown, path: string, stars: number): void => {
    visited += 1;
    if (visited > maxPayloadValues || path.length > maxPathLength || stars > maxAnyElements) return;
    const prefix = path === '' ? '' : `${path}.`;
    let isLeaf = true;
    for (const [step, child] of children(value)) {
      isLeaf = false;
      if (visited > maxPayloadValues) return;
      visit(child, prefix + formatStep(step), step === anyElement ? stars + 1 : stars);
    }
    if (isLeaf && path !== '' && !found.has(path)) found.set(path, value);
  };
  visit(payload, '', 0);
  return found;
}

/**
 * The values in an object or list, each with its step. A generator, since a list can have a million
 * elements.
 */
function* children(value: unknown): Iterable<readonly [step: PatternStep, child: unknown]> {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const child of value as readonly unknown[]) yield [anyElement, child];
  else for (const key of keysOf(value)) yield [key, (value as Readonly<Record<string, unknown>>)[key]];
}

function shortened(example: unknown): unknown {
  if (typeof example !== 'string' || example.length <= maxExampleLength) return example;
  return `${Array.from(example.slice(0, 2 * maxExampleLength))
    .slice(0, maxExampleLength)
    .join('')}…`;
}

/** Names returned of each kind. */
export const maxFieldNames = 500;
/** Characters of an example that is a string; the rest is cut. */
export const maxExampleLength = 200;
/** Names counted of each kind, because payloads with ids as keys have ever more paths. */
const maxTrackedNames = 10_000;
/** Values read of one payload, which takes some milliseconds. */
const maxPayloadValues = 10_000;
