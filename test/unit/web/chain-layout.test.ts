import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawChain } from '../../../src/cli/chain-tree.ts';
import { chainRows, chainTree, pathThrough, type ChainRow, type LinkedEvent } from '../../../src/web/chain/chain-layout.ts';

interface Event extends LinkedEvent {
  readonly event: string;
  readonly resource: { readonly id: string; readonly name: string | null };
}

/** Random trees: each event follows one before it. Breadth first, as the server returns them. */
const trees = fc
  .array(fc.nat(), { maxLength: 60 })
  .map((choices) => breadthFirst(choices.map((choice, index) => ({ id: `e${index + 1}`, follows: `e${choice % (index + 1)}` }))));
const unfolded = { folded: new Set<string>(), only: null };

describe('the rows of a chain', () => {
  test('are those of the command line', () => {
    fc.assert(
      fc.property(trees, ([root, ...others]) => {
        const rows = chainRows(chainTree(root!, others), unfolded);
        const chain = { ancestors: [], descendants: others, missingId: null, cyclic: false, truncated: false };
        const drawn = drawChain(root!, chain, { coloured: false, columns: Infinity });
        expect(rows.map(drawingOf)).toEqual(drawn.map((line) => line.replace(/[○●].* {2}(?=e\d+$)/, '')));
      }),
    );
  });

  test('do not depend on the order in which events arrive, and are at most ten levels deep for a thousand', () => {
    fc.assert(
      fc.property(trees, fc.infiniteStream(fc.nat()), ([root, ...others], order) => {
        const shuffled = others.map((event) => ({ event, at: order.next().value as number })).toSorted((a, b) => a.at - b.at);
        const rows = chainRows(
          chainTree(
            root!,
            shuffled.map(({ event }) => event),
          ),
          unfolded,
        );
        expect(rows).toEqual(chainRows(chainTree(root!, others), unfolded));
        expect(Math.max(...rows.map(({ depth }) => depth))).toBeLessThanOrEqual(Math.log2(others.length + 1));
      }),
    );
  });

  test('leave out what is folded, and say how much', () => {
    fc.assert(
      fc.property(trees, fc.array(fc.nat()), ([root, ...others], choices) => {
        const tree = chainTree(root!, others);
        const heads = chainRows(tree, unfolded).flatMap((row) => (row.kind === 'event' && row.isBranch ? [row.node.event.id] : []));
        const folded = new Set(heads.length === 0 ? [] : choices.map((choice) => heads[choice % heads.length]!));
        const below = (id: string): readonly string[] => {
          const followers = others.filter(({ followsId }) => followsId === id);
          return followers.flatMap((each) => [each.id, ...below(each.id)]);
        };
        const gone = new Set([...folded].flatMap(below));
        const rows = chainRows(tree, { folded, only: null });
        expect(ids(rows).toSorted()).toEqual([root!, ...others].flatMap(({ id }) => (gone.has(id) ? [] : [id])).toSorted());
        for (const row of rows)
          if (row.kind === 'event') expect(row.folded).toBe(folded.has(row.node.event.id) ? below(row.node.event.id).length : 0);
      }),
    );
  });

  test('of a path are the path in one column, its end and what came of it, with the number of all others', () => {
    fc.assert(
      fc.property(trees, fc.nat(), (events, choice) => {
        const [root, ...others] = events;
        const tree = chainTree(root!, others);
        const { id } = events[choice % events.length]!;
        const only = pathThrough(tree, id);
        const rows = chainRows(tree, { folded: new Set(), only });
        const path: string[] = [];
        for (
          let each = events.find((event) => event.id === id);
          each !== undefined;
          each = events.find((event) => event.id === each!.followsId)
        )
          path.unshift(each.id);
        expect(ids(rows).slice(0, path.length)).toEqual(path);
        expect(
          rows
            .filter((row) => row.kind === 'event')
            .slice(0, path.length)
            .every(({ depth }) => depth === 0),
        ).toBe(true);
        const hidden = rows.reduce((sum, row) => sum + (row.kind === 'hidden' ? row.count : 0), 0);
        expect(ids(rows).length + hidden).toBe(events.length);
      }),
    );
  });

  test('a cycle is drawn once around, and an event without its predecessor is below the root', () => {
    const at = (id: string, followsId: string | null): Event => eventOf(id, followsId, 0);
    const cycle = chainTree(at('a', 'c'), [at('b', 'a'), at('c', 'b'), at('a', 'c')]);
    expect(ids(chainRows(cycle, unfolded))).toEqual(['a', 'b', 'c']);
    expect(ids(chainRows(chainTree(at('a', null), [at('b', 'gone'), at('c', 'c')]), unfolded)).toSorted()).toEqual(['a', 'b', 'c']);
    expect([...pathThrough(cycle, 'c')]).toEqual(['c', 'b', 'a']);
  });
});

function drawingOf(row: ChainRow): string {
  if (row.kind === 'hidden') return '';
  return `${row.isBranch ? `${'│ '.repeat(row.depth - 1)}├─` : '│ '.repeat(row.depth)}${row.node.event.id}`;
}

function ids(rows: readonly ChainRow[]): readonly string[] {
  return rows.flatMap((row) => (row.kind === 'event' ? [row.node.event.id] : []));
}

function breadthFirst(links: readonly { readonly id: string; readonly follows: string }[]): readonly Event[] {
  const order = [eventOf('e0', null, 0)];
  for (const { id } of order) for (const each of links) if (each.follows === id) order.push(eventOf(each.id, id, Number(each.id.slice(1))));
  return order;
}

function eventOf(id: string, followsId: string | null, second: number): Event {
  const occurred = `2026-11-23T14:41:${String(second).padStart(2, '0')}.000000Z`;
  return { id, followsId, occurred, event: 'acme.step', resource: { id: 'acme', name: null } };
}
