import { labelKeys, shownLabels, type StoredEvent } from './event.ts';
import { compareCodePoints } from './text.ts';

/** A label key, a role or a payload path, in how many events it occurs, and a value that it has in one of them. */
export interface FieldCount {
  readonly name: string;
  readonly count: number;
  readonly example: unknown;
}

/**
 * Counts which label keys, roles and payload paths events have, each once an event.
 *
 * Guarantees: memory and time are bounded, whatever the events: of each kind the first `maxTrackedNames` names count, and of
 * each payload the first `maxPayloadValues` values. Does not guarantee exact counts beyond these bounds.
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

  /** The example of a role is the id of a resource that played it. */
  roles(): readonly FieldCount[] {
    return this.roleNames.mostFrequent();
  }

  /** Paths of values that are not objects or lists, or are empty ones, in the syntax of src/event/payload-path.ts. */
  payloadPaths(): readonly FieldCount[] {
    return this.paths.mostFrequent();
  }
}

class NameCounter {
  private readonly counts = new Map<string, { count: number; readonly example: unknown }>();

  /** Counts each of the names once. The first example of a name stays. */
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

/** Each path of a payload with the first value there. */
function payloadValues(payload: unknown): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  let visited = 0;
  const visit = (value: unknown, path: string): void => {
    visited += 1;
    if (visited > maxPayloadValues || path.length > maxPathLength) return;
    const prefix = path === '' ? '' : `${path}.`;
    let isLeaf = true;
    for (const [step, child] of children(value)) {
      isLeaf = false;
      if (visited > maxPayloadValues) return;
      visit(child, prefix + step);
    }
    if (isLeaf && path !== '' && !found.has(path)) found.set(path, value);
  };
  visit(payload, '');
  return found;
}

/** The values in an object or list, each with its step. A generator, since a list can have a million elements. */
function* children(value: unknown): Iterable<readonly [step: string, child: unknown]> {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const child of value as readonly unknown[]) yield ['*', child];
  else for (const key of Object.keys(value)) yield [payloadKey(key), (value as Readonly<Record<string, unknown>>)[key]];
}

/** A key as a step of a payload path. Quotes are always valid; without them only letters, digits, `_` and `-` surely are. */
function payloadKey(key: string): string {
  return /^[\p{L}\p{N}_-]+$/u.test(key) ? key : JSON.stringify(key);
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
/** Names counted of each kind: a payload with ids as keys would need memory without end. */
const maxTrackedNames = 10_000;
/** Values looked at in one payload, some milliseconds' worth. */
const maxPayloadValues = 10_000;
/** Longer paths cannot be used: `parsePayloadPath` rejects them. */
const maxPathLength = 1000;
