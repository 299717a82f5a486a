import { describeValue } from '../../event/problem.ts';
import { isJsonObject, isUnusableNumber } from '../../json/exact-number.ts';
import type {
  EventFilterInput,
  LabelFilterInput,
  NameFilterInput,
  PayloadFilterInput,
  RelatedFilterInput,
  ResourceFilterInput,
  TimeRangeInput,
} from './filter-input.ts';
import { filterError } from './parse-context.ts';

type Path = readonly string[];

/**
 * Checks the shape of a filter that did not come through GraphQL just now: it was stored, perhaps by
 * a newer version. Throws BAD_FILTER for an unknown member, which the parser would skip, and for a
 * value of another type. Null means left out, except where JSON writes null for a number that it
 * does not have, such as 1e999.
 */
export function checkedFilterInput(value: unknown, path: Path): EventFilterInput {
  eventFilter(value, path);
  return value as EventFilterInput;
}

type Check = (value: unknown, path: Path) => void;
/** A check for each member of an input type. */
type Checks<T> = { readonly [F in keyof T]-?: Check };

function objectOf<T>(checks: Checks<T>): Check {
  const byName = new Map<string, Check>(Object.entries(checks));
  return (value, path) => {
    if (!isJsonObject(value)) throw unexpected('an object', value, path);
    for (const [name, member] of Object.entries(value)) {
      const check = byName.get(name);
      if (check === undefined) throw filterError([...path, name], 'expected a known field, got an unknown one');
      if (member !== undefined) check(member, [...path, name]);
    }
  };
}

function listOf(check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw unexpected('a list', value, path);
    value.forEach((each, index) => check(each, [...path, String(index)]));
  };
}

function nullable(check: Check): Check {
  return (value, path) => {
    if (value !== null) check(value, path);
  };
}

function ofType(type: 'string' | 'boolean'): Check {
  return (value, path) => {
    if (typeof value !== type) throw unexpected(`a ${type}`, value, path);
  };
}

function unexpected(expectation: string, value: unknown, path: Path): Error {
  return filterError(path, `expected ${expectation}, got ${describeValue(value)}`);
}

const text = ofType('string');
const anyJson: Check = () => undefined;
const comparable: Check = (value, path) => {
  if (value === null || isUnusableNumber(value)) throw unexpected('a number or a string', value, path);
};
const texts = nullable(listOf(text));
const timeRange = objectOf<TimeRangeInput>({ since: nullable(text), until: nullable(text) });
const name = objectOf<NameFilterInput>({ in: texts, startsWith: texts, like: texts, notIn: texts, notStartsWith: texts, notLike: texts });
const label = objectOf<LabelFilterInput>({
  key: text,
  exists: nullable(ofType('boolean')),
  in: texts,
  notIn: texts,
  like: texts,
  notLike: texts,
});
const resource = { id: nullable(name), labels: nullable(listOf(label)) };
const payload = objectOf<PayloadFilterInput>({
  path: text,
  exists: nullable(ofType('boolean')),
  eq: anyJson,
  in: nullable(listOf(anyJson)),
  gt: comparable,
  gte: comparable,
  lt: comparable,
  lte: comparable,
});
const nested: Check = (value, path) => eventFilter(value, path);
const eventFilter = objectOf<EventFilterInput>({
  id: texts,
  occurred: nullable(timeRange),
  received: nullable(timeRange),
  event: nullable(name),
  resource: nullable(objectOf<ResourceFilterInput>(resource)),
  related: nullable(listOf(objectOf<RelatedFilterInput>({ ...resource, role: texts }))),
  anyResource: nullable(listOf(objectOf<ResourceFilterInput>(resource))),
  payload: nullable(listOf(payload)),
  follows: texts,
  text: nullable(text),
  and: nullable(listOf(nested)),
  or: nullable(listOf(nested)),
  not: nullable(nested),
});
