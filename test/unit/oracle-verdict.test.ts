import { describe, expect, test } from 'vitest';
import { formatCursor, type Position } from '../../src/event/cursor.ts';
import type { Instant } from '../../src/event/instant.ts';
import type { Follower } from '../oracle/follower.ts';
import { judgeCounts } from '../oracle/reads/counter.ts';
import { judgePages } from '../oracle/reads/page-verdict.ts';
import type { ReadPage } from '../oracle/reads/pager.ts';
import type { Listed } from '../oracle/plain-query.ts';
import { Session, type Source } from '../oracle/session.ts';
import { RunStats } from '../oracle/stats.ts';
import { judge } from '../oracle/verdict.ts';

// An oracle that cannot fail proves nothing: each fault that it must detect, in one session.
const at = (position: number): string => formatCursor({ epoch: 'abcdefabcdef', position: position as Position });
const event = (position: number): object => ({ id: `e${position}`, cursor: at(position), followsId: follows.get(position) ?? null });
const listed = (position: number, received = 0): Listed => ({
  id: `e${position}`,
  cursor: at(position),
  position,
  follows: follows.get(position) ?? null,
  received,
});
/** e2 follows e4; e5 follows an event that is never stored. */
const follows = new Map([
  [2, 'e4'],
  [5, 'never'],
]);
const everything = [1, 2, 3, 4, 5].map((position) => listed(position));

/** The problems of a follower with one session from position 0 that received these messages. */
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
    end: Infinity,
    log,
  });
}
const events = (...positions: number[]): object[] => positions.map((position) => ({ events: event(position) }));
const batch = (previous: number, cursor: number, positions: readonly number[]): object => ({
  eventStream: { kind: 'EventBatch', previous: at(previous), cursor: at(cursor), events: positions.map(event) },
});
const message = (kind: string, cursor: number, more: object = {}): object => ({ eventStream: { kind, cursor: at(cursor), ...more } });

describe('a subscription to events', () => {
  test('with all events in order has no problem', () => expect(verdict('EVENTS', events(1, 2, 3, 4, 5))).toEqual([]));
  test.each([
    ['a missing event', [1, 2, 4, 5]],
    ['a repeated event', [1, 2, 2, 3, 4, 5]],
    ['two events in the wrong order', [1, 3, 2, 4, 5]],
    ['a missing last event', [1, 2, 3, 4]],
    ['an event that does not match', [1, 2, 3, 4, 5, 6]],
  ])('detects %s', (_what, positions) => expect(verdict('EVENTS', events(...positions))).not.toEqual([]));
});

describe('a stream', () => {
  const whole = [
    batch(0, 2, [1, 2]),
    message('CaughtUp', 2),
    message('FellBehind', 2, { head: at(5) }),
    batch(2, 4, [3, 4]),
    batch(4, 5, [5]),
    message('Checkpoint', 9),
  ];
  test('without a break has no problem', () => expect(verdict('STREAM', whole)).toEqual([]));
  test.each([
    ['a batch that does not start where the last message ended', [batch(0, 2, [1, 2]), batch(1, 5, [3, 4, 5])]],
    ['a cursor past an event that was not delivered', [batch(0, 3, [1, 2])]],
    ['a checkpoint past an event that was not delivered', [batch(0, 2, [1, 2]), message('Checkpoint', 3)]],
    ['a checkpoint that does not advance', [...whole, message('Checkpoint', 9)]],
    ['a batch without events', [batch(0, 2, [1, 2]), batch(2, 2, []), batch(2, 5, [3, 4, 5])]],
    ['an event after the cursor of its batch', [batch(0, 2, [1, 2, 3]), batch(2, 5, [4, 5])]],
    ['a gap although no event was removed', [{ eventStream: { kind: 'Gap', from: at(0), to: at(2), reason: 'RETENTION' } }, ...whole]],
    ['an unreadable message', [...whole, { eventStream: { kind: 'CaughtUp', cursor: 'x' } }]],
  ])('detects %s', (_what, messages) => expect(verdict('STREAM', messages)).not.toEqual([]));
});

describe('a stream after the removal of events up to 3', () => {
  const gap = (from: number, to: number): object => ({ eventStream: { kind: 'Gap', from: at(from), to: at(to), reason: 'RETENTION' } });
  const verdictAfterRetention = (messages: readonly object[]): readonly string[] => verdict('STREAM', messages, everything, 3);
  const rest = batch(3, 5, [4, 5]);
  test.each([
    ['a gap over the removed events', [gap(0, 3), rest]],
    ['a gap after events that were delivered before', [batch(0, 2, [1, 2]), gap(2, 3), rest]],
    ['no gap if all removed events were delivered before', [batch(0, 3, [1, 2, 3]), rest]],
  ])('accepts %s', (_what, messages) => {
    expect(verdictAfterRetention(messages)).toEqual([]);
  });
  test.each([
    ['a gap that is not reported', [batch(0, 5, [4, 5])]],
    ['a gap that is reported in part', [gap(0, 2), batch(2, 5, [4, 5])]],
    ['a gap over stored events', [gap(0, 4), batch(4, 5, [5])]],
    ['a gap that does not start where the last message ended', [batch(0, 2, [1, 2]), gap(1, 3), rest]],
    ['a removed event that is delivered twice', [batch(0, 2, [1, 2]), batch(2, 3, [2, 3]), rest]],
    ['a stored event that is not delivered after a gap', [gap(0, 3), batch(3, 5, [5])]],
  ])('detects %s', (_what, messages) => expect(verdictAfterRetention(messages)).not.toEqual([]));
});

describe('a stream in causal order', () => {
  const whole = [batch(0, 1, [1, 3]), batch(1, 4, [4, 2]), batch(4, 5, [5])];
  test('with predecessors first, and cursors before delayed events, has no problem', () => expect(verdict('CAUSAL', whole)).toEqual([]));
  test.each([
    ['a predecessor after its follower', [batch(0, 1, [1, 3]), batch(1, 4, [2, 4]), batch(4, 5, [5])]],
    ['a cursor past a delayed event', [batch(0, 3, [1, 3]), batch(3, 4, [4, 2]), batch(4, 5, [5])]],
    ['a missing event', [batch(0, 1, [1, 3]), batch(1, 1, [4]), batch(1, 1, [5])]],
    ['a repeated event', [batch(0, 1, [1, 3]), batch(1, 4, [4, 2, 3]), batch(4, 5, [5])]],
  ])('detects %s', (_what, messages) => expect(verdict('CAUSAL', messages)).not.toEqual([]));
  test('has no guarantee for an event whose predecessor arrived too late', () => {
    const late = everything.map((each) => ({ ...each, received: each.position >= 4 ? 60_000 : 0 }));
    expect(verdict('CAUSAL', [batch(0, 1, [1, 3]), batch(1, 4, [2, 4]), batch(4, 5, [5])], late)).toEqual([]);
  });
});

describe('a page', () => {
  /** Events 1 to 5, of which 2 occurred last, and all match. */
  const matches = [1, 2, 3, 4, 5].map((position) => ({
    position: position as Position,
    occurred: `2026-01-01T00:00:00.00000${position === 2 ? 9 : position}Z` as Instant,
  }));
  const newest = { order: 'NEWEST_FIRST', backward: false, limit: 3, max: 5 } as const;
  const page = (positions: readonly number[], more: boolean, parts: Partial<ReadPage> = {}): ReadPage => ({
    read: newest,
    heads: [5, 5],
    positions,
    more,
    counted: { count: 5, exceeded: false },
    ...parts,
  });
  const counting = (max: number, count: number, exceeded: boolean): ReadPage =>
    page([2, 5, 4], true, { read: { ...newest, max }, counted: { count, exceeded } });
  const pageVerdict = (one: ReadPage, logStart = 0): readonly string[] =>
    judgePages([one], { matches: matches.filter(({ position }) => position > logStart), logStart });
  test.each([
    ['the first matches', page([2, 5, 4], true), 0],
    ['the last ones', page([1, 3, 4], true, { read: { ...newest, backward: true } }), 0],
    ['matches in log order', page([1, 2, 3], true, { read: { ...newest, order: 'LOG' } }), 0],
    ['all matches', page([2, 5, 4, 3, 1], false, { read: { ...newest, limit: 9 } }), 0],
    ['an earlier head', page([2, 3, 1], false, { heads: [3, 3], counted: { count: 3, exceeded: false } }), 0],
    ['a head between two others', page([2, 4, 3], true, { heads: [2, 5], counted: { count: 4, exceeded: false } }), 0],
    ['events that were removed since', page([5, 4, 3], true, { heads: [3, 5] }), 3],
    ['a count of more matches than are counted', counting(4, 4, true), 0],
    ['a count of some events that were removed since', counting(3, 3, true), 2],
  ])('with %s has no problem', (_what, one, logStart) => expect(pageVerdict(one, logStart)).toEqual([]));
  test.each([
    ['a missing event', page([2, 4, 3], true), 0],
    ['a missing last event', page([2, 5, 4, 3], false, { read: { ...newest, limit: 9 } }), 0],
    ['events in the wrong order', page([5, 2, 4], true), 0],
    ['an event beyond the head', page([2, 5, 4], true, { heads: [4, 4] }), 0],
    ['an event that does not match', page([6, 2, 5], true), 0],
    ['too many events', page([2, 5, 4, 3], true), 0],
    ['more events of which there are none', page([2, 5, 4, 3, 1], true, { read: { ...newest, limit: 5 } }), 0],
    ['too few events with more', page([2, 5], true), 0],
    ['a missing event after a removal', page([5, 3], true), 3],
    ['an event that is not counted', counting(9, 4, false), 0],
    ['an event that is counted twice', counting(9, 6, false), 0],
    ['a count that ends too early', counting(5, 5, true), 0],
    ['a count that should have ended', counting(4, 5, false), 0],
    ['matches beyond a count that are not reported', counting(4, 4, false), 0],
    ['an event that is not counted after a removal', counting(9, 1, false), 3],
  ])('detects %s', (_what, one, logStart) => expect(pageVerdict(one, logStart)).not.toEqual([]));
});

describe('live counts', () => {
  const matches = ['a', 'b', 'a'].map((name, index) => ({ position: (index + 1) as Position, event: name }));
  const counts = (position: number, total: number, byName: Readonly<Record<string, number>>) => [
    { position, total, byName: new Map(Object.entries(byName)) },
  ];
  test('of the matches up to their position have no problem', () => {
    expect(judgeCounts([...counts(3, 3, { a: 2, b: 1 }), ...counts(2, 2, { a: 1, b: 1 })], matches)).toEqual([]);
  });
  test.each([
    ['an event that is not counted', counts(3, 2, { a: 1, b: 1 })],
    ['an event that is counted twice', counts(3, 4, { a: 3, b: 1 })],
    ['an event counted under another name', counts(3, 3, { a: 1, b: 1, c: 1 })],
    ['a wrong total', counts(3, 4, { a: 2, b: 1 })],
    ['events beyond the position', counts(2, 3, { a: 2, b: 1 })],
  ])('detects %s', (_what, one) => expect(judgeCounts(one, matches)).not.toEqual([]));
});
