import { describe, expect, test } from 'vitest';
import { formatCursor, type Position } from '../../src/event/cursor.ts';
import type { Follower } from '../oracle/follower.ts';
import type { Listed } from '../oracle/plain-query.ts';
import { Session, type Source } from '../oracle/session.ts';
import { RunStats } from '../oracle/stats.ts';
import { judge } from '../oracle/verdict.ts';

// An oracle that cannot fail proves nothing: each fault that it is there for, in one session.
const at = (position: number): string => formatCursor({ epoch: 'abcdefabcdef', position: position as Position });
const event = (position: number): object => ({ id: `e${position}`, cursor: at(position), followsId: follows.get(position) ?? null });
const listed = (position: number, received = 0): Listed => ({
  id: `e${position}`,
  cursor: at(position),
  position,
  follows: follows.get(position) ?? null,
  received,
});
/** e2 follows e4, e5 what is never stored. */
const follows = new Map([
  [2, 'e4'],
  [5, 'never'],
]);
const everything = [1, 2, 3, 4, 5].map((position) => listed(position));

/** What is said of a follower with one session from place 0, which heard this. */
function verdict(source: Source, messages: readonly object[], expected = everything, logStart = 0): readonly string[] {
  const session = new Session(source, at(0), new RunStats());
  for (const data of messages) session.receive(data);
  const plan = { name: 'f', source, filter: null, batchSize: 1, selection: '', start: 0, startDelayMs: 0, connections: [] };
  const list = session.messages.flatMap(({ deliveries }) => deliveries);
  const log = new Map(expected.map((each) => [each.id, each]));
  return judge({ plan, sessions: [session], list, start: at(0) } as unknown as Follower, {
    expected: expected.filter(({ position }) => position > logStart),
    known: expected,
    logStart,
    log,
  });
}
const events = (...positions: number[]): object[] => positions.map((position) => ({ events: event(position) }));
const batch = (previous: number, cursor: number, positions: readonly number[]): object => ({
  eventStream: { kind: 'EventBatch', previous: at(previous), cursor: at(cursor), events: positions.map(event) },
});
const message = (kind: string, cursor: number, more: object = {}): object => ({ eventStream: { kind, cursor: at(cursor), ...more } });

describe('of events', () => {
  test('all of them in order are right', () => expect(verdict('EVENTS', events(1, 2, 3, 4, 5))).toEqual([]));
  test.each([
    ['one that is missing', [1, 2, 4, 5]],
    ['one that comes twice', [1, 2, 2, 3, 4, 5]],
    ['two in the wrong order', [1, 3, 2, 4, 5]],
    ['the last one missing', [1, 2, 3, 4]],
    ['one that does not match', [1, 2, 3, 4, 5, 6]],
  ])('%s is seen', (_what, positions) => expect(verdict('EVENTS', events(...positions))).not.toEqual([]));
});

describe('of a stream', () => {
  const whole = [
    batch(0, 2, [1, 2]),
    message('CaughtUp', 2),
    message('FellBehind', 2, { head: at(5) }),
    batch(2, 4, [3, 4]),
    batch(4, 5, [5]),
    message('Checkpoint', 9),
  ];
  test('a chain without a break is right', () => expect(verdict('STREAM', whole)).toEqual([]));
  test.each([
    ['a batch that does not begin where the last message ended', [batch(0, 2, [1, 2]), batch(1, 5, [3, 4, 5])]],
    ['a cursor past what was not delivered', [batch(0, 3, [1, 2])]],
    ['a checkpoint past what was not delivered', [batch(0, 2, [1, 2]), message('Checkpoint', 3)]],
    ['a checkpoint that does not go on', [...whole, message('Checkpoint', 9)]],
    ['a batch without events', [batch(0, 2, [1, 2]), batch(2, 2, []), batch(2, 5, [3, 4, 5])]],
    ['an event behind the cursor of its batch', [batch(0, 2, [1, 2, 3]), batch(2, 5, [4, 5])]],
    ['a gap, while nothing was removed', [{ eventStream: { kind: 'Gap', from: at(0), to: at(2), reason: 'RETENTION' } }, ...whole]],
    ['a message that cannot be read', [...whole, { eventStream: { kind: 'CaughtUp', cursor: 'x' } }]],
  ])('%s is seen', (_what, messages) => expect(verdict('STREAM', messages)).not.toEqual([]));
});

describe('where events up to 3 were removed', () => {
  const gap = (from: number, to: number): object => ({ eventStream: { kind: 'Gap', from: at(from), to: at(to), reason: 'RETENTION' } });
  const verdictAfterRetention = (messages: readonly object[]): readonly string[] => verdict('STREAM', messages, everything, 3);
  const rest = batch(3, 5, [4, 5]);
  test.each([
    ['a gap over what is gone', [gap(0, 3), rest]],
    ['a gap behind what was delivered before', [batch(0, 2, [1, 2]), gap(2, 3), rest]],
    ['no gap where all was delivered before', [batch(0, 3, [1, 2, 3]), rest]],
  ])('%s is right', (_what, messages) => {
    expect(verdictAfterRetention(messages)).toEqual([]);
  });
  test.each([
    ['a gap that is not told', [batch(0, 5, [4, 5])]],
    ['a gap that is told in part', [gap(0, 2), batch(2, 5, [4, 5])]],
    ['a gap over what is kept', [gap(0, 4), batch(4, 5, [5])]],
    ['a gap that does not begin where the last message ended', [batch(0, 2, [1, 2]), gap(1, 3), rest]],
    ['what is gone, delivered twice', [batch(0, 2, [1, 2]), batch(2, 3, [2, 3]), rest]],
    ['what is kept, not delivered after a gap', [gap(0, 3), batch(3, 5, [5])]],
  ])('%s is seen', (_what, messages) => expect(verdictAfterRetention(messages)).not.toEqual([]));
});

describe('of causal order', () => {
  const whole = [batch(0, 1, [1, 3]), batch(1, 4, [4, 2]), batch(4, 5, [5])];
  test('leaders first, and cursors that stay before what is held, are right', () => expect(verdict('CAUSAL', whole)).toEqual([]));
  test.each([
    ['a leader after its follower', [batch(0, 1, [1, 3]), batch(1, 4, [2, 4]), batch(4, 5, [5])]],
    ['a cursor past what is held', [batch(0, 3, [1, 3]), batch(3, 4, [4, 2]), batch(4, 5, [5])]],
    ['one that is missing', [batch(0, 1, [1, 3]), batch(1, 1, [4]), batch(1, 1, [5])]],
    ['one that comes twice', [batch(0, 1, [1, 3]), batch(1, 4, [4, 2, 3]), batch(4, 5, [5])]],
  ])('%s is seen', (_what, messages) => expect(verdict('CAUSAL', messages)).not.toEqual([]));
  test('nothing is asked of one whose leader came too late', () => {
    const late = everything.map((each) => ({ ...each, received: each.position >= 4 ? 60_000 : 0 }));
    expect(verdict('CAUSAL', [batch(0, 1, [1, 3]), batch(1, 4, [2, 4]), batch(4, 5, [5])], late)).toEqual([]);
  });
});
