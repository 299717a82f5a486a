import { arrayIndex, type PayloadPath } from '../../event/payload-path.ts';
import { keysOf } from '../../json/keys-of.ts';
import type { OnBucket, ValueIndex } from './value-index.ts';

/** The value indexes of payload paths: a tree with one level for each key of a path. */
export class PayloadIndex<F> {
  private readonly root: PathNode<F> = pathNode();

  get size(): number {
    return this.root.children.size;
  }

  get(path: PayloadPath): ValueIndex<F> | undefined {
    let node: PathNode<F> | undefined = this.root;
    for (const key of path) node = node?.children.get(key);
    return node?.valueIndex;
  }

  set(path: PayloadPath, valueIndex: ValueIndex<F>): void {
    let node = this.root;
    for (const key of path) {
      const next = node.children.get(key) ?? pathNode<F>();
      node.children.set(key, next);
      node = next;
    }
    node.valueIndex = valueIndex;
  }

  delete(path: PayloadPath): void {
    remove(this.root, path);
  }

  /** Probes the values that a payload has at the indexed paths. */
  probe(payload: unknown, onBucket: OnBucket<F>): void {
    probe(this.root, payload, onBucket);
  }
}

interface PathNode<F> {
  valueIndex: ValueIndex<F> | undefined;
  readonly children: Map<string, PathNode<F>>;
}

function pathNode<F>(): PathNode<F> {
  return { valueIndex: undefined, children: new Map() };
}

function remove<F>(node: PathNode<F>, [key, ...rest]: PayloadPath): void {
  if (key === undefined) {
    node.valueIndex = undefined;
    return;
  }
  const next = node.children.get(key);
  if (next === undefined) return;
  remove(next, rest);
  if (next.valueIndex === undefined && next.children.size === 0) node.children.delete(key);
}

/**
 * Steps as `valueAt` does, along all indexed paths at once. If a level has many keys, iterates over
 * the keys of the value instead.
 */
function probe<F>(node: PathNode<F>, value: unknown, onBucket: OnBucket<F>): void {
  node.valueIndex?.probe(value, onBucket);
  if (node.children.size === 0 || typeof value !== 'object' || value === null) return;
  const object = value as Readonly<Record<string, unknown>>;
  const keys = node.children.size <= lookupThresholdKeys ? node.children.keys() : keysOf(value);
  for (const key of keys) {
    const next = node.children.get(key);
    if (next === undefined || !Object.hasOwn(object, key) || object[key] === undefined) continue;
    if (!Array.isArray(value) || arrayIndex.test(key)) probe(next, object[key], onBucket);
  }
}

/** Up to this number, lookups cost less than listing the keys of a value, which may be large. */
const lookupThresholdKeys = 200;
