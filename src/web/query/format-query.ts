import type { EventFilter, LabelFilter, NameFilter, PayloadFilter, RelatedFilter, ResourceFilter } from '../../client/tidings-client.ts';
import { parseLocal } from '../text/time-format.ts';
import { parseQuery } from './parse-query.ts';
import { globText, jsonText, keyText, literalOfGlob, literalText, pathText, signed, wordText, type ItemText } from './query-value.ts';

/** The text of a filter; null when no text expresses it. */
export function formatQuery(filter: EventFilter): string | null {
  const items = filterItems(filter);
  const text = items?.map(signed).join(' ') ?? null;
  // A filter that the server would reject can have values that no item takes, such as an order of booleans.
  return text === null || parseQuery(text).problems.length > 0 ? null : text;
}

type Items = readonly ItemText[] | null;

function filterItems(filter: EventFilter): Items {
  const { id, event, resource, related, anyResource, payload, follows, occurred, received, text, and, or, not } = filter;
  return joined([
    given(id, (values) => listItem('id:', values)),
    given(event, (names) => nameItems('event:', names)),
    given(resource, resourceItems),
    given(related, (entries) => joined(entries.map(relatedItems))),
    given(anyResource, (entries) => joined(entries.map(anyResourceItems))),
    given(payload, (entries) => joined(entries.map(payloadItems))),
    given(follows, (values) => listItem('follows:', values)),
    given(occurred, ({ since, until }) => joined([given(since, timeItem('occurred>=')), given(until, timeItem('occurred<'))])),
    given(received, ({ since, until }) => joined([given(since, timeItem('received>=')), given(until, timeItem('received<'))])),
    given(text, textItems),
    given(and, (filters) => joined(filters.map(filterItems))),
    given(or, ([only, ...others]) => (only !== undefined && others.length === 0 ? filterItems(only) : null)),
    given(not, notItems),
  ]);
}

/** The complement of a filter of one item. */
function notItems(filter: EventFilter): Items {
  const [item, ...others] = filterItems(filter) ?? [];
  return item === undefined || others.length > 0 ? null : [{ text: item.text, isExcluded: !item.isExcluded }];
}

function resourceItems({ id, labels }: ResourceFilter): Items {
  return joined([given(id, (names) => nameItems('resource:', names)), given(labels, (entries) => joined(entries.map(labelItems)))]);
}

function relatedItems({ role, id, labels }: RelatedFilter): Items {
  if (isGiven(labels) || (isGiven(role) && role.length !== 1)) return null;
  const head = isGiven(role) ? `related.${keyText(role[0] ?? '')}=` : 'related:';
  return oneResourceItem(head, id);
}

function anyResourceItems({ id, labels }: ResourceFilter): Items {
  if (isGiven(labels)) return null;
  return isGiven(id) ? oneResourceItem('any:', id) : [];
}

/** One and the same resource must pass: only a single including operator means that. */
function oneResourceItem(head: string, id: NameFilter | null | undefined): Items {
  if (!isGiven(id)) return [{ text: `${head}*`, isExcluded: false }];
  const items = nameItems(head, id);
  if (items?.length === 0) return [{ text: `${head}*`, isExcluded: false }];
  return items?.length === 1 && items[0]?.isExcluded === false ? items : null;
}

function prefixText(prefix: string): string {
  return prefix === '' ? '*' : `${literalText(prefix)}*`;
}

function nameItems(head: string, names: NameFilter): Items {
  return joined([
    given(names.in, (values) => valueItem(head, values.map(literalText))),
    given(names.startsWith, (values) => valueItem(head, values.map(prefixText))),
    given(names.like, (values) => valueItem(head, values.map(globValue))),
    given(names.notIn, (values) => excludedItems(head, values.map(literalText))),
    given(names.notStartsWith, (values) => excludedItems(head, values.map(prefixText))),
    given(names.notLike, (values) => excludedItems(head, values.map(globValue))),
  ]);
}

function labelItems(label: LabelFilter): Items {
  const head = `label.${keyText(label.key)}=`;
  return joined([
    given(label.exists, (exists) => [{ text: `${head}*`, isExcluded: !exists }]),
    given(label.in, (values) => valueItem(head, values.map(literalText))),
    given(label.like, (values) => valueItem(head, values.map(globValue))),
    given(label.notIn, (values) => excludedItems(head, values.map(literalText))),
    given(label.notLike, (values) => excludedItems(head, values.map(globValue))),
  ]);
}

/** A glob without wildcards is a literal text. */
function globValue(glob: string): string {
  const literal = literalOfGlob(glob);
  return literal === null ? globText(glob) : literalText(literal);
}

function payloadItems(test: PayloadFilter): Items {
  const path = pathText(test.path);
  if (path === null) return null;
  const head = `payload.${path}`;
  const compared = (operator: string) => (value: unknown) => [{ text: `${head}${operator}${jsonText(value)}`, isExcluded: false }];
  const items = joined([
    given(test.exists, (exists) => [{ text: `${head}=*`, isExcluded: !exists }]),
    test.eq === undefined ? [] : compared('=')(test.eq),
    given(test.in, (values) => valueItem(`${head}=`, values.map(jsonText))),
    given(test.gt, compared('>')),
    given(test.gte, compared('>=')),
    given(test.lt, compared('<')),
    given(test.lte, compared('<=')),
  ]);
  // All operators of an entry hold for the same element of an array; those of several items need not.
  return items !== null && items.length > 1 && /(?:^|\.)\*(?:\.|$)/.test(test.path) ? null : items;
}

function timeItem(head: string): (time: string) => Items {
  return (time) => (parseLocal(time, 'UTC') === null ? null : [{ text: head + literalText(time), isExcluded: false }]);
}

/** The terms of a text search, in the server's syntax. */
function textItems(text: string): Items {
  const terms = Array.from(text.matchAll(/(?<operator>[-!+]?)(?:"(?<phrase>(?:\\["\\]|[^"])*)"?|(?<word>\S+))/gu), ({ groups }) => ({
    operator: groups?.['operator'] ?? '',
    term: (groups?.['phrase'] ?? groups?.['word'] ?? '').replaceAll(/\\(["\\])/g, '$1'),
  })).filter(({ term }) => term !== '');
  if (terms.length === 0) return null;
  const alternatives = terms.filter(({ operator }) => operator === '').map(({ term }) => term);
  const others = terms.filter(({ operator }) => operator !== '');
  return [
    ...(alternatives.length > 1 ? [{ text: `text:(${alternatives.map(literalText).join(',')})`, isExcluded: false }] : []),
    ...(alternatives.length === 1 ? [{ text: wordText(alternatives[0] ?? ''), isExcluded: false }] : []),
    ...others.map(({ operator, term }) => ({ text: wordText(term), isExcluded: operator !== '+' })),
  ];
}

function listItem(head: string, values: readonly string[]): Items {
  return valueItem(head, values.map(literalText));
}

/** An empty list matches nothing, which no text says. */
function valueItem(head: string, values: readonly string[]): Items {
  if (values.length === 0) return null;
  return [{ text: head + (values.length === 1 ? (values[0] ?? '') : `(${values.join(',')})`), isExcluded: false }];
}

function excludedItems(head: string, values: readonly string[]): Items {
  return values.map((value) => ({ text: head + value, isExcluded: true }));
}

function joined(parts: readonly Items[]): Items {
  const all: ItemText[] = [];
  for (const part of parts) {
    if (part === null) return null;
    all.push(...part);
  }
  return all;
}

/** Filters written as JSON can have null for what they leave out. */
function given<T>(value: T | null | undefined, items: (value: T) => Items): Items {
  return isGiven(value) ? items(value) : [];
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
