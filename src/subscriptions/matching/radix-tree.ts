/**
 * Values under prefixes, found by the texts that begin with them: a radix tree (Morrison's PATRICIA, 1968), whose edges
 * carry as much text as the prefixes below them share. Looking up walks a text once, and no further than prefixes reach,
 * however many there are and however long they or the text are.
 */
export class PrefixTree<V> {
  private readonly root: Node<V> = leaf<V>('', undefined);

  get isEmpty(): boolean {
    return this.root.value === undefined && this.root.below === undefined;
  }

  get(prefix: string): V | undefined {
    return this.pathTo(prefix).at(-1)?.value;
  }

  set(prefix: string, value: V): void {
    let node = this.root;
    let rest = prefix;
    while (rest !== '') {
      node.below ??= new Map();
      const next = node.below.get(rest.charCodeAt(0));
      if (next === undefined) {
        node.below.set(rest.charCodeAt(0), leaf(rest, value));
        return;
      }
      const shared = sharedLength(next.edge, rest);
      node = shared < next.edge.length ? split(node.below, next, shared) : next;
      rest = rest.slice(shared);
    }
    node.value = value;
  }

  delete(prefix: string): void {
    const [node, parent, grandparent] = this.pathTo(prefix).toReversed();
    if (node === undefined) return;
    node.value = undefined;
    if (parent === undefined) return;
    tidy(parent, node);
    if (grandparent !== undefined) tidy(grandparent, parent);
  }

  /** Shows the value of every prefix that this text begins with, the shortest first. */
  along(text: string, show: (value: V) => void): void {
    let node = this.root;
    let at = 0;
    for (;;) {
      if (node.value !== undefined) show(node.value);
      const next = at < text.length ? node.below?.get(text.charCodeAt(at)) : undefined;
      if (next === undefined || !text.startsWith(next.edge, at)) return;
      node = next;
      at += next.edge.length;
    }
  }

  /** The nodes from the root to that of exactly this prefix; none when there is no such node. */
  private pathTo(prefix: string): readonly Node<V>[] {
    const path = [this.root];
    let node = this.root;
    let at = 0;
    while (at < prefix.length) {
      const next = node.below?.get(prefix.charCodeAt(at));
      if (next === undefined || !prefix.startsWith(next.edge, at)) return [];
      path.push(next);
      node = next;
      at += next.edge.length;
    }
    return path;
  }
}

interface Node<V> {
  /** The text between the parent and here; empty only at the root. */
  edge: string;
  value: V | undefined;
  /** By the first UTF-16 unit of their edges; undefined rather than empty. But for the root, a node without a value has two or more. */
  below: Map<number, Node<V>> | undefined;
}

function leaf<V>(edge: string, value: V | undefined): Node<V> {
  return { edge, value, below: undefined };
}

/** Puts a node into the edge of another, `at` units from its beginning. */
function split<V>(siblings: Map<number, Node<V>>, node: Node<V>, at: number): Node<V> {
  const middle = leaf<V>(node.edge.slice(0, at), undefined);
  node.edge = node.edge.slice(at);
  middle.below = new Map([[node.edge.charCodeAt(0), node]]);
  siblings.set(middle.edge.charCodeAt(0), middle);
  return middle;
}

/** Takes a node out that has no value any more, when at most one is below it, which then takes its place. */
function tidy<V>(parent: Node<V>, node: Node<V>): void {
  if (node.value !== undefined || (node.below?.size ?? 0) > 1) return;
  const first = node.edge.charCodeAt(0);
  const [only] = node.below?.values() ?? [];
  if (only !== undefined) {
    only.edge = node.edge + only.edge;
    parent.below?.set(first, only);
  } else {
    parent.below?.delete(first);
    if (parent.below?.size === 0) parent.below = undefined;
  }
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}
