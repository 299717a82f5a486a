import { styleText } from 'node:util';
import { cut, widthOf, printable } from './terminal/format-text.ts';

/** An event of a chain, with the fields that are drawn. */
export interface ChainEvent {
  readonly id: string;
  readonly occurred: string;
  readonly event: string;
  readonly followsId: string | null;
  readonly resource: { readonly id: string; readonly name: string | null };
}

/** A chain, as the server returns it. */
export interface DrawnChain {
  readonly ancestors: readonly ChainEvent[];
  readonly descendants: readonly ChainEvent[];
  readonly missingId: string | null;
  readonly cyclic: boolean;
  readonly truncated: boolean;
}

export interface TreeFormat {
  readonly coloured: boolean;
  /** Maximum width of a line. */
  readonly columns: number;
}

/**
 * Draws a chain, root first. An event follows the event above it in its column. If an event has
 * several followers, the one with the most descendants continues the column, and the others are
 * branches. So even a thousand events are at most ten levels deep.
 *
 *   ○ the root
 *   ● the requested event
 *   ├─○ a follower
 *   │ ○ its follower
 *   ○ another follower, with more descendants
 */
export function drawChain(requested: ChainEvent, chain: DrawnChain, format: TreeFormat): readonly string[] {
  const before = chain.ancestors.toReversed();
  const links: readonly Link[] = [...before.map((event) => ({ margin: '', event })), ...branch(treeOf(requested, chain.descendants), '')];
  const ancestors = new Set(before.map(({ id }) => id));
  const line = ({ margin, event }: Link, index: number): string =>
    lineOf({ margin, event }, { ...format, requested: event === requested, isRepeated: index > before.length && ancestors.has(event.id) });
  const cutAt = `… cut at ${links.length} events`;
  return [...aboveRoot(before[0] ?? requested, chain), ...links.map(line), ...(chain.truncated ? [cutAt] : [])];
}

/** An event with the text before it in its line. */
interface Link {
  readonly margin: string;
  readonly event: ChainEvent;
}

function lineOf(
  { margin, event: { id, occurred, event, resource } }: Link,
  { coloured, columns, requested, isRepeated }: TreeFormat & { readonly requested: boolean; readonly isRepeated: boolean },
): string {
  const paint = (style: 'bold' | 'dim', text: string): string => (coloured && text !== '' ? styleText(style, text) : text);
  const time = `${occurred.slice(0, 'YYYY-MM-DDThh:mm:ss.mmm'.length)}Z`;
  const subject = printable(resource.name === null || resource.name === '' ? resource.id : resource.name);
  const start = `${margin}${requested ? '●' : '○'} `;
  const text = cut(`${time}  ${printable(event)}  ${subject}`, columns - widthOf(start));
  const end = cut(`  ${printable(id)}${isRepeated ? ' (again)' : ''}`, columns - widthOf(start) - widthOf(text));
  return `${start}${requested ? paint('bold', text) : text}${paint('dim', end)}`;
}

/** The line above the root, if the root follows an event. */
function aboveRoot({ followsId }: ChainEvent, { missingId, cyclic }: DrawnChain): readonly string[] {
  if (followsId === null) return [];
  if (cyclic) return [`↻ a cycle: the next event follows ${printable(followsId)}, which is in this chain`];
  if (missingId !== null) return [`? ${printable(missingId)}, which is not stored`];
  return [`… earlier events; the latest is ${printable(followsId)}`];
}

interface Node {
  readonly event: ChainEvent;
  readonly followers: Node[];
  /** Number of its descendants, including itself. */
  size: number;
}

/** Assumes: descendants are in breadth-first order, so that each comes after its predecessor. */
function treeOf(requested: ChainEvent, descendants: readonly ChainEvent[]): Node {
  const root: Node = { event: requested, followers: [], size: 1 };
  const nodes = new Map([[requested.id, root]]);
  const predecessors = descendants.map((event) => {
    const node: Node = { event, followers: [], size: 1 };
    const predecessor = nodes.get(event.followsId ?? '') ?? root;
    predecessor.followers.push(node);
    nodes.set(event.id, node);
    return { node, predecessor };
  });
  for (const { node, predecessor } of predecessors.toReversed()) predecessor.size += node.size;
  return root;
}

/** A column: the node and its descendants, each line after `margin`. */
function branch(from: Node, margin: string): readonly Link[] {
  const links: Link[] = [];
  for (let node: Node | undefined = from; node !== undefined;) {
    links.push({ margin, event: node.event });
    const main = heaviest(node.followers);
    for (const side of node.followers) {
      if (side === main) continue;
      const [first, ...rest] = branch(side, `${margin}│ `);
      if (first !== undefined) links.push({ ...first, margin: `${margin}├─` }, ...rest);
    }
    node = main;
  }
  return links;
}

/** The last of the followers with the most descendants. */
function heaviest(followers: readonly Node[]): Node | undefined {
  const maxSize = Math.max(...followers.map(({ size }) => size));
  return followers.findLast(({ size }) => size === maxSize);
}
