import { stripVTControlCharacters } from 'node:util';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawChain, type ChainEvent } from '../../../src/cli/chain-tree.ts';
import { widthOf } from '../../../src/cli/terminal/format-text.ts';

const event = (id: string, followsId: string | null): ChainEvent => ({
  id,
  followsId,
  occurred: '2026-11-23T14:41:10.863461Z',
  event: 'acme.done',
  resource: { id: '東京', name: '' },
});
const nothing = { ancestors: [], missingId: null, cyclic: false, truncated: false };
const plain = { coloured: false, columns: Infinity };

/** Reads predecessors from a drawing: the event above in the column, or the one of the branch. */
function predecessorsIn(lines: readonly string[]): ReadonlyMap<string, string> {
  const predecessors = new Map<string, string>();
  const columns: (string | undefined)[] = [];
  for (const line of lines) {
    const column = line.search(/[○●]/) / 2;
    const id = line.split('  ').at(-1)!;
    const predecessor = line.includes('├─') ? columns[column - 1] : columns[column];
    if (predecessor !== undefined) predecessors.set(id, predecessor);
    columns.splice(column, Infinity, id);
  }
  return predecessors;
}

test('a drawing shows which event each descendant follows, and is never deep', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 300 }), (drawn) => {
      const requested = event('0', null);
      const levels = [[requested]];
      const all = [requested, ...drawn.map((predecessor, n) => event(`${n + 1}`, `${predecessor % (n + 1)}`))];
      for (let level = [requested]; level.length > 0; levels.push(level)) {
        level = all.filter(({ followsId }) => level.some(({ id }) => id === followsId));
      }
      const lines = drawChain(requested, { ...nothing, descendants: levels.slice(1).flat() }, plain);
      expect(lines).toHaveLength(all.length);
      expect(predecessorsIn(lines)).toEqual(new Map(all.slice(1).map(({ id, followsId }) => [id, followsId])));
      for (const line of lines) expect(line.search(/[○●]/)).toBeLessThanOrEqual(2 * Math.log2(all.length + 1));
    }),
  );
});

test('a chain of a thousand events is one column', () => {
  const [requested, ...descendants] = Array.from({ length: 1000 }, (_, n) => event(`${n}`, n === 0 ? null : `${n - 1}`));
  const lines = drawChain(requested!, { ...nothing, descendants }, plain);
  expect(lines.filter((line) => line.startsWith('○ '))).toHaveLength(999);
});

test('lines fit a narrow terminal, also with wide characters and colours', () => {
  const descendants = [event('a', 'x'), event('b', 'x'), event('c', 'a')];
  for (let columns = 3; columns < 80; columns += 1) {
    const bare = drawChain(event('x', 'gone'), { ...nothing, descendants }, { coloured: false, columns });
    for (const line of bare.slice(1)) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(columns, 4));
    const coloured = drawChain(event('x', 'gone'), { ...nothing, descendants }, { coloured: true, columns });
    expect(coloured.map((line) => stripVTControlCharacters(line))).toEqual(bare);
  }
});
