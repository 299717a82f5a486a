import { arrayIndex, type PayloadPath } from '../../event/payload-path.ts';
import type { Drawer, Show } from './value-index.ts';

/** The drawers for the values at paths of payloads: a tree with a level for each key of a path. */
export class PayloadDrawers<F> {
  private readonly root: Level<F> = level();

  get size(): number {
    return this.root.below.size;
  }

  get(path: PayloadPath): Drawer<F> | undefined {
    let here: Level<F> | undefined = this.root;
    for (const key of path) here = here?.below.get(key);
    return here?.drawer;
  }

  set(path: PayloadPath, drawer: Drawer<F>): void {
    let here = this.root;
    for (const key of path) {
      const next = here.below.get(key) ?? level<F>();
      here.below.set(key, next);
      here = next;
    }
    here.drawer = drawer;
  }

  delete(path: PayloadPath): void {
    remove(this.root, path);
  }

  /** Looks at the values at paths in use, wherever there is one. */
  probe(payload: unknown, show: Show<F>): void {
    probe(this.root, payload, show);
  }
}

interface Level<F> {
  drawer: Drawer<F> | undefined;
  readonly below: Map<string, Level<F>>;
}

function level<F>(): Level<F> {
  return { drawer: undefined, below: new Map() };
}

function remove<F>(here: Level<F>, [key, ...rest]: PayloadPath): void {
  if (key === undefined) {
    here.drawer = undefined;
    return;
  }
  const next = here.below.get(key);
  if (next === undefined) return;
  remove(next, rest);
  if (next.drawer === undefined && next.below.size === 0) here.below.delete(key);
}

/** Steps as valueAt does, but along all paths in use at once; where those are many, along what the value has. */
function probe<F>(here: Level<F>, value: unknown, show: Show<F>): void {
  here.drawer?.probe(value, show);
  if (here.below.size === 0 || typeof value !== 'object' || value === null) return;
  const within = value as Readonly<Record<string, unknown>>;
  const keys = here.below.size <= few ? here.below.keys() : Object.keys(value);
  for (const key of keys) {
    const next = here.below.get(key);
    if (next === undefined || !Object.hasOwn(within, key) || within[key] === undefined) continue;
    if (!Array.isArray(value) || arrayIndex.test(key)) probe(next, within[key], show);
  }
}

/** So many look-ups cost little, while listing the keys of a value costs as much as it is large. */
const few = 200;
