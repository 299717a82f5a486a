import type { EventFilter, NameFilter } from '../../client/tidings-client.ts';
import { parseLocal } from '../text/time-format.ts';
import type { QueryItem } from './query-item.ts';
import { escapeGlob, jsonScalar, prefixOfGlob, type QueryValue } from './query-value.ts';
import { parseLossless } from '../../client/tidings-client.ts';

/** The filter of one item, with a single operator; or the reason why it has none, as a string. */
export function filterOfItem(item: QueryItem): EventFilter | string {
  const { field, key, operator, values, isExcluded } = item;
  if (field === 'label' && key === null) return `Name the label: label.region=${exampleOf(values)}.`;
  if (field === 'payload' && key === null) return `Name the path: payload.amount=${exampleOf(values)}.`;
  if (key !== null && field !== 'label' && field !== 'payload' && field !== 'related') return `${field} has no keys. Write ${field}:value.`;
  if (field === 'occurred' || field === 'received') return timeFilter(item);
  if (field === 'payload') return payloadFilter(item);
  if (operator !== '=' && operator !== '!=') return `Only payload values and times have an order. Write ${field}:value.`;
  const names = nameFilter(values, isExcluded);
  switch (field) {
    case 'event':
      return { event: names };
    case 'resource':
      return { resource: { id: names } };
    case 'label':
      return { resource: { labels: [{ key: key ?? '', ...labelFilter(values, isExcluded) }] } };
    case 'related': {
      const among = { ...(key !== null && { role: [key] }), ...(!isAnything(values) && { id: nameFilter(values, false) }) };
      return isExcluded ? { not: { related: [among] } } : { related: [among] };
    }
    case 'any': {
      const among = { id: nameFilter(values, false) };
      return isExcluded ? { not: { anyResource: [among] } } : { anyResource: [among] };
    }
    case 'id':
    case 'follows': {
      const ids = values.map((value) => (value.is === 'text' ? value.text : null));
      if (!ids.every((id) => id !== null)) return `Ids have no wildcards. Quote the id if it has a star in it.`;
      return isExcluded ? { not: { [field]: ids } } : { [field]: ids };
    }
    case 'text':
      return textFilter(values, isExcluded);
    default:
      return field satisfies never;
  }
}

/** Operators of a name filter: exact names, prefixes, or globs for a mixture. */
function nameFilter(values: readonly QueryValue[], isExcluded: boolean): NameFilter {
  const literals = values.map((value) => (value.is === 'text' ? value.text : null));
  if (literals.every((text) => text !== null)) return isExcluded ? { notIn: literals } : { in: literals };
  const globs = globsOf(values);
  const prefixes = globs.map(prefixOfGlob);
  if (prefixes.every((prefix) => prefix !== null)) return isExcluded ? { notStartsWith: prefixes } : { startsWith: prefixes };
  return isExcluded ? { notLike: globs } : { like: globs };
}

function labelFilter(values: readonly QueryValue[], isExcluded: boolean): object {
  if (isAnything(values)) return { exists: !isExcluded };
  const literals = values.map((value) => (value.is === 'text' ? value.text : null));
  if (literals.every((text) => text !== null)) return isExcluded ? { notIn: literals } : { in: literals };
  return isExcluded ? { notLike: globsOf(values) } : { like: globsOf(values) };
}

function globsOf(values: readonly QueryValue[]): readonly string[] {
  return values.map((value) => (value.is === 'glob' ? value.glob : escapeGlob(value.is === 'text' ? value.text : '')));
}

function isAnything([value, ...others]: readonly QueryValue[]): boolean {
  return others.length === 0 && value?.is === 'glob' && value.glob === '*';
}

function payloadFilter({ key, operator, values, isExcluded }: QueryItem): EventFilter | string {
  const path = key ?? '';
  if (isAnything(values) && (operator === '=' || operator === '!=')) return { payload: [{ path, exists: !isExcluded }] };
  if (values.some(({ is }) => is === 'glob')) return 'Values of the payload have no wildcards. Quote the value if it has a star in it.';
  const json = values.map(jsonOf);
  const comparison = comparisons[operator];
  if (comparison === undefined) {
    const test = { path, ...(json.length === 1 ? { eq: json[0] } : { in: json }) };
    return isExcluded ? { not: { payload: [test] } } : { payload: [test] };
  }
  const [bound] = json;
  if (json.length > 1) return `Expected one value behind ${operator}.`;
  if (bound === null || typeof bound === 'boolean' || values[0]?.is === 'json') return `Only numbers and strings have an order.`;
  const test = { path, [comparison]: bound };
  return isExcluded ? { not: { payload: [test] } } : { payload: [test] };
}

const comparisons: Readonly<Record<string, string>> = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' };

function jsonOf(value: QueryValue): unknown {
  if (value.is === 'json') return value.json;
  if (value.is === 'glob') return value.glob;
  return !value.isQuoted && jsonScalar.test(value.text) ? parseLossless(value.text) : value.text;
}

function timeFilter({ field, operator, values, isExcluded }: QueryItem): EventFilter | string {
  const [value] = values;
  const instant = value?.is === 'text' && values.length === 1 ? parseLocal(value.text, 'UTC') : null;
  if ((operator !== '>=' && operator !== '<') || instant === null) {
    return `Expected ${field}>= or ${field}< and a time, such as ${field}>=2026-11-23T14:41Z. Without a zone it is UTC.`;
  }
  return { [field]: (operator === '>=') === isExcluded ? { until: instant } : { since: instant } };
}

/** A filter of terms: `+a` for one that must occur, `a b` for alternatives, `-a -b` for excluded ones. */
function textFilter(values: readonly QueryValue[], isExcluded: boolean): EventFilter | string {
  const terms = values.map((value) => (value.is === 'text' ? value.text : ''));
  if (terms.includes(''))
    return values.some(({ is }) => is === 'glob') ? 'A search for text has no wildcards. Quote it.' : 'Expected a text.';
  const sign = isExcluded ? '-' : terms.length === 1 ? '+' : '';
  return { text: terms.map((term) => sign + termText(term)).join(' ') };
}

/** A term in the syntax of `text`. */
function termText(term: string): string {
  return /^[\p{L}\p{N}_.:/]+$/u.test(term) ? term : `"${term.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function exampleOf([value]: readonly QueryValue[]): string {
  return value?.is === 'text' && /^[\w.]{1,40}$/.test(value.text) ? value.text : '…';
}
