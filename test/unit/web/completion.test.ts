import { describe, expect, test } from 'vitest';
import { completionsOf, wantedFor, type Known } from '../../../src/web/query/completion.ts';
import { isSearch, itemTexts, takeFinished } from '../../../src/web/query/draft.ts';

const known: Known = {
  names: [
    { name: 'acme.order.paid', count: 30 },
    { name: 'acme.order.shipped', count: 20 },
    { name: 'acme.deploy', count: 10 },
    { name: 'odd name', count: 1 },
  ],
  labels: [{ name: 'region', count: 40, example: 'eu' }],
  roles: [{ name: 'actor', count: 9, example: 'acme.user.kiki' }],
  paths: [
    { name: 'amount', count: 5, example: 12.5 },
    { name: '"a b".c', count: 2, example: 'x' },
  ],
  isSample: true,
  values: [],
};
const texts = (text: string, more: Partial<Known> = {}) => completionsOf(text, { ...known, ...more }).map((each) => each.text);

describe('completions', () => {
  test('of nothing are the fields', () => {
    expect(texts('').slice(0, 3)).toEqual(['event:', 'resource:', 'related.']);
    expect(texts('-').slice(0, 2)).toEqual(['-event:', '-resource:']);
  });

  test('of a word are fields, names, roles, labels and paths that contain it', () => {
    expect(texts('re')).toEqual(['resource:', 'related.', 'received>=', 'label.region=']);
    expect(texts('ORDER')).toEqual(['event:acme.order.paid', 'event:acme.order.shipped']);
    expect(texts('odd')).toEqual(['event:"odd name"']);
    expect(texts('a b')).toEqual(['payload."a b".c=']);
  });

  test('of a name go level by level, most frequent first', () => {
    expect(completionsOf('event:', known)).toMatchObject([
      { text: 'event:acme.*', count: 60, note: '3 names', deeper: 'event:acme.', isFinal: true },
      { text: 'event:"odd name"', count: 1, isFinal: true },
    ]);
    expect(texts('-event:acme.')).toEqual(['-event:acme.order.*', '-event:acme.deploy']);
    expect(texts('event:shipped')).toEqual(['event:acme.order.shipped']);
    expect(texts('event:(acme.deploy,acme.order.p')).toEqual(['event:(acme.deploy,acme.order.paid']);
  });

  test('of keys have their operator, and counts of a sample say so', () => {
    expect(completionsOf('label.', known)).toMatchObject([
      { text: 'label.region=', note: 'eu', count: 40, isAtLeast: true, isFinal: false },
    ]);
    expect(texts('related.')).toEqual(['related.actor=']);
    expect(texts('payload.amount')).toEqual([
      'payload.amount=',
      'payload.amount>=',
      'payload.amount<',
      'payload.amount!=',
      'payload.amount=*',
    ]);
    expect(texts('payload.new', { paths: [] })[0]).toBe('payload.new=');
  });

  test('of values are written as the text needs them', () => {
    const values = [
      { name: 'eu', count: 3 },
      { name: 'a b', count: 2 },
      { name: '5', count: 1 },
    ];
    expect(texts('label.region=', { values })).toEqual(['label.region=eu', 'label.region="a b"', 'label.region=5', 'label.region=*']);
    expect(texts('payload.amount>=', { values: [{ name: '5', count: 1 }] })[0]).toBe('payload.amount>=5');
    expect(texts('payload."a b".c=', { values: [{ name: '5', count: 1 }] })[0]).toBe('payload."a b".c="5"');
    expect(texts('label.region="a', { values })).toEqual(['label.region="a b"']);
    expect(texts('resource:', { values: [{ name: 'acme.order.1', count: null, note: 'Order 1' }] })).toEqual(['resource:acme.order.1']);
  });

  test('know what they need from the server', () => {
    expect(wantedFor('ev')).toEqual({ of: 'fields' });
    expect(wantedFor('-event:a')).toEqual({ of: 'names' });
    expect(wantedFor('resource:"acme.o')).toEqual({ of: 'resources', prefix: 'acme.o' });
    expect(wantedFor('related.actor=k')).toEqual({ of: 'role', role: 'actor' });
    expect(wantedFor('label.region=(eu,')).toEqual({ of: 'label', key: 'region' });
    expect(wantedFor('payload.a.b>=')).toEqual({ of: 'payload', path: 'a.b' });
    expect(wantedFor('payload.a.*>=')).toEqual({ of: 'nothing' });
  });
});

test('a space finishes an item, unless a quote or a list is open or it is not valid', () => {
  expect(takeFinished('failed nightly')).toEqual({ finished: ['failed'], rest: 'nightly' });
  expect(takeFinished('event:a ')).toEqual({ finished: ['event:a'], rest: '' });
  expect(takeFinished('"failed nightly')).toEqual({ finished: [], rest: '"failed nightly' });
  expect(takeFinished('event:(a, ')).toEqual({ finished: [], rest: 'event:(a, ' });
  expect(takeFinished('region=eu ')).toEqual({ finished: [], rest: 'region=eu ' });
  expect(takeFinished('a region=eu b')).toEqual({ finished: ['a'], rest: 'region=eu b' });
  expect(itemTexts(' event:(a, b)  "x y" ')).toEqual(['event:(a, b)', '"x y"']);
});

test('a word that is typed is a search once it cannot become a field any more', () => {
  for (const text of ['e', 'eve', '-eve', '-label', '!payload', 'label.region', 'related.actor', 'event:a', '-x']) {
    expect([text, isSearch(text)]).toEqual([text, false]);
  }
  for (const text of ['fail', '-fail', 'events', 'order.paid', '"two words"']) expect([text, isSearch(text)]).toEqual([text, true]);
});
