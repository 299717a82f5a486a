import { styleText } from 'node:util';
import { cut, widthOf, printable } from './terminal/format-text.ts';

/** An event of a chain, as it is drawn. */
export interface ChainEvent {
  readonly id: string;
  readonly occurred: string;
  readonly event: string;
  readonly followsId: string | null;
  readonly resource: { readonly id: string; readonly name: string | null };
}

/** What the server says of a chain. */
export interface DrawnChain {
  readonly ancestors: readonly ChainEvent[];
  readonly descendants: readonly ChainEvent[];
  readonly missingId: string | null;
  readonly cyclic: boolean;
  readonly truncated: boolean;
}

export interface TreeFormat {
  readonly coloured: boolean;
  /** The longest line. */
  readonly columns: number;
}

/**
 * Draws a chain, root first. An event follows the one above it in its column; where several follow one, the one that
 * has the most behind it goes on in the column and the others are branches, so that even a thousand events are no more
 * than ten levels deep.
 *
 *   ○ the root
 *   ● the event asked for
 *   ├─○ a follower
 *   │ ○ its follower
 *   ○ another follower, of which more came
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

/** An event with what is drawn before it. */
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

/** What the root follows, if it is not shown. */
function aboveRoot({ followsId }: ChainEvent, { missingId, cyclic }: DrawnChain): readonly string[] {
  if (followsId === null) return [];
  if (cyclic) return [`↻ a circle: the next one follows ${printable(followsId)}, which is in this chain`];
  if (missingId !== null) return [`? ${printable(missingId)}, which is not stored`];
  return [`… earlier events, the last of them ${printable(followsId)}`];
}

interface Node {
  readonly event: ChainEvent;
  readonly followers: Node[];
  /** Events from this one on. */
  size: number;
}

/** Descendants come level by level, so each one's leader comes before it. */
function treeOf(requested: ChainEvent, descendants: readonly ChainEvent[]): Node {
  const root: Node = { event: requested, followers: [], size: 1 };
  const nodes = new Map([[requested.id, root]]);
  const predecessors = descendants.map((event) => {
    const node: Node = { event, followers: [], size: 1 };
    const predecessor = nodes.get(event.followsId ?? '') ?? root;
    predecessor.followers.push(node);
    nodes.set(event.id, node);
    return { node, leader: predecessor };
  });
  for (const { node, leader: predecessor } of predecessors.toReversed()) predecessor.size += node.size;
  return root;
}

/** A column: the node, and what goes on below it. `margin` stands before all its lines. */
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

/** The last one of those that have the most events behind them. */
function heaviest(followers: readonly Node[]): Node | undefined {
  const maxSize = Math.max(...followers.map(({ size }) => size));
  return followers.findLast(({ size }) => size === maxSize);
}
