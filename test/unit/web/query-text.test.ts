import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExactNumber, stringifyLossless, type EventFilter } from '../../../src/client/tidings-client.ts';
import { matches } from '../../../src/filter/matches.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { parseJson } from '../../../src/json/parse-json.ts';
import { formatQuery } from '../../../src/web/query/format-query.ts';
import { itemAtPath, parseQuery } from '../../../src/web/query/query-text.ts';
import { anyEvent, anyFilter } from '../../support/oracles/random-filters.ts';
import { storedOf } from '../support/valid-event.ts';

const bounds = { filterNodes: 10_000, filterDepth: 100, filterListLength: 1000 };
/** The filter as the server reads it: numbers that doubles do not hold are other objects there. */
const serverFilter = (filter: object) => parseFilter(parseJson(stringifyLossless(filter)) as EventFilterInput, ['filter'], bounds);

describe('the filter of a text', () => {
  test.each<[string, EventFilter]>([
    ['', {}],
    ['event:acme.order.paid', { event: { in: ['acme.order.paid'] } }],
    ['event=acme.order.paid', { event: { in: ['acme.order.paid'] } }],
    ['event:acme.order.*', { event: { startsWith: ['acme.order.'] } }],
    ['event:*.paid', { event: { like: ['*.paid'] } }],
    ['event:(acme.a, acme.b)', { event: { in: ['acme.a', 'acme.b'] } }],
    ['event:(acme.a acme.b.*)', { event: { like: ['acme.a', 'acme.b.*'] } }],
    ['-event:tidings.* -event:a !event:b', { event: { notStartsWith: ['tidings.'], notIn: ['a', 'b'] } }],
    ['event:a event:b', { event: { in: ['a'] }, and: [{ event: { in: ['b'] } }] }],
    ['resource:"acme.*"', { resource: { id: { in: ['acme.*'] } } }],
    ['resource:"acme order".*', { resource: { id: { startsWith: ['acme order.'] } } }],
    ['related.actor=acme.user.kiki', { related: [{ role: ['actor'], id: { in: ['acme.user.kiki'] } }] }],
    ['related:acme.user.*', { related: [{ id: { startsWith: ['acme.user.'] } }] }],
    ['related.actor=*', { related: [{ role: ['actor'] }] }],
    ['-related.actor=kiki', { not: { related: [{ role: ['actor'], id: { in: ['kiki'] } }] } }],
    ['any:acme.user.kiki', { anyResource: [{ id: { in: ['acme.user.kiki'] } }] }],
    ['label.region=eu', { resource: { labels: [{ key: 'region', in: ['eu'] }] } }],
    ['label.region!=eu', { resource: { labels: [{ key: 'region', notIn: ['eu'] }] } }],
    [
      'label.region=* -label."a b"=*',
      {
        resource: {
          labels: [
            { key: 'region', exists: true },
            { key: 'a b', exists: false },
          ],
        },
      },
    ],
    ['payload.parcels.0.weight>=1', { payload: [{ path: 'parcels.0.weight', gte: 1 }] }],
    [
      'payload.a=5 payload.b="5" payload.c=x payload.d=null',
      {
        payload: [
          { path: 'a', eq: 5 },
          { path: 'b', eq: '5' },
          { path: 'c', eq: 'x' },
          { path: 'd', eq: null },
        ],
      },
    ],
    ['payload.a=(1,"1",true)', { payload: [{ path: 'a', in: [1, '1', true] }] }],
    ['payload.a={"b": [1, "}"]}', { payload: [{ path: 'a', eq: { b: [1, '}'] } }] }],
    ['payload."a.b".c=*', { payload: [{ path: '"a.b".c', exists: true }] }],
    ['-payload.a<5', { not: { payload: [{ path: 'a', lt: 5 }] } }],
    ['payload.a=9007199254740993', { payload: [{ path: 'a', eq: new ExactNumber('9007199254740993') }] }],
    ['follows:order-4711 id:(a,b)', { follows: ['order-4711'], id: ['a', 'b'] }],
    [
      'received>=2026-11-23 received<"2026-11-23 14:41"',
      { received: { since: '2026-11-23T00:00:00.000000Z', until: '2026-11-23T14:41:00.000000Z' } },
    ],
    ['failed', { text: 'failed' }],
    ['failed nightly -test', { text: '+failed +nightly -test' }],
    ['"failed nightly"', { text: '"failed nightly"' }],
    ['text:(failed,"a b") nightly', { text: 'failed "a b" +nightly' }],
    ['"say \\"hi\\""', { text: String.raw`"say \"hi\""` }],
    ['"event:a"', { text: 'event:a' }],
  ])('%s', (text, filter) => {
    expect(parseQuery(text)).toMatchObject({ filter, problems: [] });
    expect(parseQuery(text).filter).toEqual(filter);
  });

  test.each([
    ['event:', 'Expected a value'],
    ['event:(a', 'closing parenthesis'],
    ['event:a,b', 'in parentheses'],
    ['"failed', 'closing quote'],
    ['region=eu', 'label.region=…'],
    ['http://x', 'There is no field http'],
    ['label.region', 'Add a value'],
    ['label:eu', 'Name the label'],
    ['event.x:y', 'event has no keys'],
    ['event>a', 'Only payload values and times'],
    ['id:a*', 'Ids have no wildcards'],
    ['acme.*', 'event:acme.*'],
    ['payload.a=x*', 'no wildcards'],
    ['payload.a>null', 'Only numbers and strings'],
    ['received>2026-11-23', 'received>='],
    ['received>=yesterday', 'received>='],
    ['payload.a={"b"', 'end of a JSON value'],
    ['payload.a={b}', 'Expected JSON'],
    ['""', 'Expected a text'],
  ])('%s is a problem', (text, message) => {
    const { filter, problems } = parseQuery(`${text} `);
    expect(problems).toMatchObject([{ from: 0, message: expect.stringContaining(message) }]);
    expect(filter).toEqual({});
  });

  test('has the items without a problem, and names the place of the others', () => {
    const { filter, problems } = parseQuery('event:a  id:x* failed');
    expect(filter).toEqual({ event: { in: ['a'] }, text: 'failed' });
    expect(problems).toMatchObject([{ from: 9, to: 14 }]);
  });

  test('never throws, and its problems lie inside the text in order', () => {
    const part = fc.constantFrom(
      'event:',
      'label.',
      'payload.',
      '"',
      '(',
      ')',
      ',',
      '{',
      '[',
      '\\',
      '*',
      '-',
      '=',
      '>=',
      ' ',
      'a',
      '5',
      '\0',
      '\ud800',
      '💌',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          let end = 0;
          for (const { from, to } of parseQuery(text).problems) {
            expect(from).toBeGreaterThanOrEqual(end);
            expect(to).toBeGreaterThan(from);
            end = to;
          }
          expect(end).toBeLessThanOrEqual(text.length);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the text of a filter', () => {
  test('means the same filter', () => {
    const events = fc.sample(anyEvent, { seed: 1, numRuns: 100 }).map((event, index) => storedOf({ ...event, id: `e${index}` }));
    let expressed = 0;
    fc.assert(
      fc.property(anyFilter, (input) => {
        const given = serverFilter(input);
        const text = formatQuery(input as EventFilter);
        if (text === null) return;
        expressed += 1;
        const { filter, problems } = parseQuery(text);
        expect(problems).toEqual([]);
        const read = serverFilter(filter);
        expect(
          events.filter((event) => matches(read, event)),
          text,
        ).toEqual(events.filter((event) => matches(given, event)));
        expect(formatQuery(filter)).not.toBeNull();
      }),
      { numRuns: 2000 },
    );
    expect(expressed).toBeGreaterThan(400);
  });

  test.each<[EventFilter]>([
    [{ or: [{ id: ['a'] }, { id: ['b'] }] }],
    [{ id: [] }],
    [{ event: { in: [] } }],
    [{ related: [{ role: ['a', 'b'] }] }],
    [{ related: [{ id: { notIn: ['a'] } }] }],
    [{ related: [{ labels: [{ key: 'region', in: ['eu'] }] }] }],
    [{ payload: [{ path: 'a.*', gte: 1, lt: 2 }] }],
    [{ not: {} }],
    [{ not: { event: { in: ['a'] }, id: ['b'] } }],
    [{ payload: [{ path: '', eq: 1 }] }],
    [{ payload: [{ path: 'a', gt: true }] }],
  ])('%j has none', (filter) => {
    expect(formatQuery(filter)).toBeNull();
  });

  test.each<[EventFilter, string]>([
    [{ event: { startsWith: ['acme.order.'], notIn: ['acme.order.viewed'] } }, 'event:acme.order.* -event:acme.order.viewed'],
    [{ payload: [{ path: 'a', gte: 1, lt: 5 }] }, 'payload.a>=1 payload.a<5'],
    [
      { and: [{ text: '+failed nightly "flow run" -test' }, { not: { not: { id: ['x'] } } }] },
      'text:(nightly,"flow run") failed -test id:x',
    ],
    [{ resource: { id: { like: [String.raw`a\*b*c`] } } }, 'resource:"a*b"*c'],
  ])('%j', (filter, text) => {
    expect(formatQuery(filter)).toBe(text);
  });
});

test('a path of the server leads to its item', () => {
  const text = 'event:a -event:b -event:c label.x=1 payload.a[0]=1 event:d -any:e -any:f words';
  const parsed = parseQuery(text);
  const at = (path: string) => {
    const found = itemAtPath(parsed, path.split('.'));
    return found === null ? null : text.slice(found.from, found.to);
  };
  expect(at('filter.event.in.0')).toBe('event:a');
  expect(at('filter.event.notIn.1')).toBe('-event:c');
  expect(at('filter.resource.labels.0.key')).toBe('label.x=1');
  expect(at('filter.payload.0.path')).toBe('payload.a[0]=1');
  expect(at('filter.and.0.event.in')).toBe('event:d');
  expect(at('filter.not.anyResource.0.id')).toBe('-any:e');
  expect(at('filter.and.1.not.anyResource')).toBe('-any:f');
  expect(at('filter.text')).toBe('words');
  expect(at('filter')).toBeNull();
});
