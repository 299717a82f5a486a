/**
 * Values under prefixes, found by the texts that begin with them: a radix tree (Morrison's PATRICIA, 1968), whose edges
 * carry as much text as the prefixes below them share. Looking up walks a text once, and no further than prefixes reach,
 * however many there are and however long they or the text are.
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

  /** Shows the value of every prefix that this text begins with, the shortest first. */
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

  /** The nodes from the root to that of exactly this prefix; none when there is no such node. */
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
  /** The text between the parent and here; empty only at the root. */
  edge: string;
  value: V | undefined;
  /** By the first UTF-16 unit of their edges; undefined rather than empty. But for the root, a node without a value has two or more. */
  children: Map<number, Node<V>> | undefined;
}

function leaf<V>(edge: string, value: V | undefined): Node<V> {
  return { edge, value, children: undefined };
}

/** Puts a node into the edge of another, `at` units from its beginning. */
function split<V>(siblings: Map<number, Node<V>>, node: Node<V>, offset: number): Node<V> {
  const middle = leaf<V>(node.edge.slice(0, offset), undefined);
  node.edge = node.edge.slice(offset);
  middle.children = new Map([[node.edge.charCodeAt(0), node]]);
  siblings.set(middle.edge.charCodeAt(0), middle);
  return middle;
}

/** Takes a node out that has no value any more, when at most one is below it, which then takes its place. */
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
