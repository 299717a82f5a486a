/** What the layout needs of an event. */
export interface LinkedEvent {
  readonly id: string;
  /** UTC with microseconds. */
  readonly occurred: string;
  readonly followsId: string | null;
}

export interface ChainNode<E extends LinkedEvent = LinkedEvent> {
  readonly event: E;
  readonly predecessor: ChainNode<E> | null;
  /** Oldest first. */
  readonly followers: readonly ChainNode<E>[];
  /** Number of its descendants, including itself. */
  readonly size: number;
}

export interface ChainTree<E extends LinkedEvent = LinkedEvent> {
  readonly root: ChainNode<E>;
  readonly nodes: ReadonlyMap<string, ChainNode<E>>;
}

type Growing<E extends LinkedEvent> = { -readonly [K in keyof ChainNode<E>]: ChainNode<E>[K] } & {
  followers: Growing<E>[];
};

/**
 * The tree of a chain. An event whose predecessor is not among the events is placed below the root.
 * Of a cycle, the link that leads back to the root is left out.
 */
export function chainTree<E extends LinkedEvent>(root: E, others: Iterable<E>): ChainTree<E> {
  const nodes = new Map<string, Growing<E>>();
  const add = (event: E): void => void nodes.set(event.id, { event, predecessor: null, followers: [], size: 1 });
  add(root);
  for (const event of others) if (!nodes.has(event.id)) add(event);
  const top = nodes.get(root.id) as Growing<E>;
  for (const node of nodes.values()) {
    if (node === top) continue;
    const predecessor = nodes.get(node.event.followsId ?? '') ?? top;
    node.predecessor = predecessor === node ? top : predecessor;
    (node.predecessor as Growing<E>).followers.push(node);
  }
  const order: Growing<E>[] = [top];
  for (const node of order) {
    node.followers.sort((a, b) => (a.event.occurred < b.event.occurred ? -1 : Number(a.event.occurred > b.event.occurred)));
    order.push(...node.followers);
  }
  for (const node of order.toReversed()) if (node.predecessor !== null) (node.predecessor as Growing<E>).size += node.size;
  return { root: top, nodes };
}

export type ChainRow<E extends LinkedEvent = LinkedEvent> =
  | {
      readonly kind: 'event';
      readonly node: ChainNode<E>;
      readonly depth: number;
      /** The first row of a branch. */
      readonly isBranch: boolean;
      /** Rows of the branch that are folded away below it. */
      readonly folded: number;
    }
  /** Events outside the path that is shown: followers of `of`, with their descendants. */
  | { readonly kind: 'hidden'; readonly of: ChainNode<E>; readonly depth: number; readonly count: number };

export interface Folding {
  /** The first events of branches that are folded. */
  readonly folded: ReadonlySet<string>;
  /** Only these events are shown, such as those of a path; null: all. */
  readonly only: ReadonlySet<string> | null;
}

/**
 * The rows of a chain, root first. An event follows the event above it in its column. If an event
 * has several followers, the one with the most descendants continues the column, and the others are
 * branches. So even a thousand events are at most ten levels deep.
 */
export function chainRows<E extends LinkedEvent>({ root }: ChainTree<E>, folding: Folding): readonly ChainRow<E>[] {
  const rows: ChainRow<E>[] = [];
  addColumn(rows, { from: root, depth: 0, folding });
  return rows;
}

/** The events from the root to an event, and its descendants. */
export function pathThrough<E extends LinkedEvent>({ nodes }: ChainTree<E>, id: string): ReadonlySet<string> {
  const shown = new Set<string>();
  const node = nodes.get(id);
  for (let each = node ?? null; each !== null && !shown.has(each.event.id); each = each.predecessor) shown.add(each.event.id);
  const below = node === undefined ? [] : [...node.followers];
  for (const each of below) {
    shown.add(each.event.id);
    below.push(...each.followers);
  }
  return shown;
}

interface Column<E extends LinkedEvent> {
  readonly from: ChainNode<E>;
  readonly depth: number;
  readonly folding: Folding;
}

function addColumn<E extends LinkedEvent>(rows: ChainRow<E>[], { from, depth, folding }: Column<E>): void {
  const { folded, only } = folding;
  for (let node: ChainNode<E> | undefined = from; node !== undefined;) {
    const isBranch = node === from && depth > 0;
    const isFolded = isBranch && folded.has(node.event.id);
    rows.push({ kind: 'event', node, depth, isBranch, folded: isFolded ? node.size - 1 : 0 });
    if (isFolded) return;
    const shown: readonly ChainNode<E>[] = only === null ? node.followers : node.followers.filter(({ event }) => only.has(event.id));
    const count = node.followers.reduce((sum, { size }) => sum + size, 0) - shown.reduce((sum, { size }) => sum + size, 0);
    if (count > 0) rows.push({ kind: 'hidden', of: node, depth: depth + 1, count });
    const main = heaviest(shown);
    for (const side of shown) if (side !== main) addColumn(rows, { from: side, depth: depth + 1, folding });
    node = main;
  }
}

/** The last of the followers with the most descendants. */
function heaviest<E extends LinkedEvent>(followers: readonly ChainNode<E>[]): ChainNode<E> | undefined {
  const maxSize = Math.max(...followers.map(({ size }) => size));
  return followers.findLast(({ size }) => size === maxSize);
}
