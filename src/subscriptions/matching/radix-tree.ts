/**
 * Values by prefix, found by the texts that begin with them: a radix tree (Morrison's PATRICIA,
 * 1968). An edge carries the text that all prefixes below it share. A lookup reads a text once, and
 * no further than the longest matching prefix, however many prefixes there are.
 */
export class RadixTree<V> {
  private readonly root: Node<V> = leaf<V>('', undefined);

  get isEmpty(): boolean {
    return this.root.value === undefined && this.root.children === undefined;
  }

  get(prefix: string): V | undefined {
    return this.pathTo(prefix).at(-1)?.value;
  }

  set(prefix: string, value: V): void {
    let node = this.root;
    let rest = prefix;
    while (rest !== '') {
      node.children ??= new Map();
      const next = node.children.get(rest.charCodeAt(0));
      if (next === undefined) {
        node.children.set(rest.charCodeAt(0), leaf(rest, value));
        return;
      }
      const shared = sharedLength(next.edge, rest);
      node = shared < next.edge.length ? split(node.children, next, shared) : next;
      rest = rest.slice(shared);
    }
    node.value = value;
  }

  delete(prefix: string): void {
    const [node, parent, grandparent] = this.pathTo(prefix).toReversed();
    if (node === undefined) return;
    node.value = undefined;
    if (parent === undefined) return;
    compact(parent, node);
    if (grandparent !== undefined) compact(grandparent, parent);
  }

  /** Calls `onValue` with the value of each prefix of this text, the shortest first. */
  forEachPrefixOf(text: string, onValue: (value: V) => void): void {
    let node = this.root;
    let offset = 0;
    for (;;) {
      if (node.value !== undefined) onValue(node.value);
      const next = offset < text.length ? node.children?.get(text.charCodeAt(offset)) : undefined;
      if (next === undefined || !text.startsWith(next.edge, offset)) return;
      node = next;
      offset += next.edge.length;
    }
  }

  /** Returns the nodes from the root to the node of this prefix; none if there is no such node. */
  private pathTo(prefix: string): readonly Node<V>[] {
    const path = [this.root];
    let node = this.root;
    let offset = 0;
    while (offset < prefix.length) {
      const next = node.children?.get(prefix.charCodeAt(offset));
      if (next === undefined || !prefix.startsWith(next.edge, offset)) return [];
      path.push(next);
      node = next;
      offset += next.edge.length;
    }
    return path;
  }
}

interface Node<V> {
  /** The text between the parent and this node; empty only at the root. */
  edge: string;
  value: V | undefined;
  /**
   * By the first UTF-16 unit of their edges; undefined instead of empty. A node without a value,
   * other than the root, has at least two.
   */
  children: Map<number, Node<V>> | undefined;
}

function leaf<V>(edge: string, value: V | undefined): Node<V> {
  return { edge, value, children: undefined };
}

/** Splits the edge of a node after `offset` units. Returns the new node above it. */
function split<V>(siblings: Map<number, Node<V>>, node: Node<V>, offset: number): Node<V> {
  const middle = leaf<V>(node.edge.slice(0, offset), undefined);
  node.edge = node.edge.slice(offset);
  middle.children = new Map([[node.edge.charCodeAt(0), node]]);
  siblings.set(middle.edge.charCodeAt(0), middle);
  return middle;
}

/** Removes a node that has no value and at most one child, which then replaces it. */
function compact<V>(parent: Node<V>, node: Node<V>): void {
  if (node.value !== undefined || (node.children?.size ?? 0) > 1) return;
  const first = node.edge.charCodeAt(0);
  const [onlyChild] = node.children?.values() ?? [];
  if (onlyChild !== undefined) {
    onlyChild.edge = node.edge + onlyChild.edge;
    parent.children?.set(first, onlyChild);
  } else {
    parent.children?.delete(first);
    if (parent.children?.size === 0) parent.children = undefined;
  }
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}
