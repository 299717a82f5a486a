import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatNodeId, parseNodeId, type NodeId } from '../../schema/node.ts';
import { formatResourceCursor } from '../../src/event/cursor.ts';

const anyNodeId: fc.Arbitrary<NodeId> = fc.record({
  type: fc.constantFrom('Event', 'Resource'),
  id: fc.string({ unit: 'grapheme', minLength: 1 }).filter((id) => !id.includes('\0')),
});

test('a nodeId leads back to its type and id, and needs no escape in a URL', () => {
  fc.assert(
    fc.property(anyNodeId, (nodeId) => {
      const text = formatNodeId(nodeId);
      expect(encodeURIComponent(text)).toBe(text);
      expect(parseNodeId(text, [])).toEqual(nodeId);
    }),
  );
});

test('no two objects have one nodeId', () => {
  fc.assert(
    fc.property(anyNodeId, anyNodeId, (a, b) => {
      expect(formatNodeId(a) === formatNodeId(b)).toBe(a.type === b.type && a.id === b.id);
    }),
  );
});

test('a text that no nodeId has is rejected, whatever it is', () => {
  const rejected = (text: string): void => {
    expect(() => parseNodeId(text, ['nodeId'])).toThrow(/^nodeId: expected a nodeId that Tidings returned, got "/);
  };
  fc.assert(fc.property(fc.string(), rejected));
  fc.assert(fc.property(anyNodeId, ({ id }) => rejected(formatResourceCursor(id))));
  fc.assert(fc.property(anyNodeId, fc.nat(), (nodeId, at) => rejected(without(formatNodeId(nodeId), at))));
});

function without(text: string, at: number): string {
  const index = at % text.length;
  return text.slice(0, index) + text.slice(index + 1);
}
