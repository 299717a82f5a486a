import { isDeepStrictEqual } from 'node:util';
import { ExactNumber } from '../../../src/json/exact-number.ts';
import type { RelatedResource, Resource, StoredEvent } from '../../../src/event/event.ts';
import type {
  EventFilterInput,
  LabelFilterInput,
  NameFilterInput,
  PayloadFilterInput,
  RelatedFilterInput,
  TimeRangeInput,
} from '../../../src/filter/parse/filter-input.ts';
import { compareTokens, valueOfToken } from './number-tokens.ts';

/**
 * Whether an event matches a filter as its client wrote it, as docs/filters.md says, in the
 * plainest way. It shares neither the parser nor the evaluators with the program.
 * Numbers are compared as fractions of integers.
 */
export function plainMatches(filter: EventFilterInput, event: StoredEvent): boolean {
  const resources = [event.resource, ...event.related];
  return [
    given(filter.id, (ids) => ids.includes(event.id)),
    given(filter.occurred, (range) => inRange(range, event.occurred)),
    given(filter.received, (range) => inRange(range, event.received)),
    given(filter.event, (names) => nameMatches(names, event.event)),
    given(filter.resource, (resource) => resourceMatches(resource, event.resource)),
    given(filter.related, (all) => all.every((one) => event.related.some((each) => resourceMatches(one, each)))),
    given(filter.anyResource, (all) => all.every((one) => resources.some((each) => resourceMatches(one, each)))),
    given(filter.payload, (all) => all.every((one) => payloadMatches(one, event.payload))),
    given(filter.follows, (ids) => event.follows !== null && ids.includes(event.follows)),
    given(filter.text, (text) => textMatches(text, event)),
    given(filter.and, (all) => all.every((each) => plainMatches(each, event))),
    given(filter.or, (some) => some.some((each) => plainMatches(each, event))),
    given(filter.not, (not) => !plainMatches(not, event)),
  ].every(Boolean);
}

/**
 * A glob as a regular expression, which is simpler than the program's matcher, and too slow for
 * hostile globs.
 */
export function globExpression(glob: string): RegExp {
  const source = glob.replaceAll(/\\(.)|\\$|([*?])|([^])/gsu, (all, escaped?: string, wildcard?: string) => {
    if (wildcard !== undefined) return wildcard === '*' ? '[^]*' : '[^]';
    return (escaped ?? all).replace(/[\\^$.*+?()[\]{}|/]/u, String.raw`\$&`);
  });
  return new RegExp(`^(?:${source})$`, 'u');
}

/** Null and undefined mean no condition. */
function given<T>(input: T | null | undefined, holds: (input: T) => boolean): boolean {
  return input === undefined || input === null || holds(input);
}

function inRange({ since, until }: TimeRangeInput, time: string): boolean {
  const micros = (text: string): string => new Date(text).toISOString().slice(0, 19) + (/\.\d+/.exec(text)?.[0] ?? '.').padEnd(7, '0');
  return given(since, (from) => micros(time) >= micros(from)) && given(until, (to) => micros(time) < micros(to));
}

function nameMatches(filter: NameFilterInput, name: string): boolean {
  return [
    given(filter.in, (names) => names.includes(name)),
    given(filter.startsWith, (prefixes) => prefixes.some((prefix) => name.startsWith(prefix))),
    given(filter.like, (globs) => globs.some((glob) => globExpression(glob).test(name))),
    given(filter.notIn, (names) => !names.includes(name)),
    given(filter.notStartsWith, (prefixes) => !prefixes.some((prefix) => name.startsWith(prefix))),
    given(filter.notLike, (globs) => !globs.some((glob) => globExpression(glob).test(name))),
  ].every(Boolean);
}

/** Every character is read once, unlike in the program, which has a regular expression for terms. */
export function plainTerms(text: string): readonly { readonly operator: string; readonly term: string }[] {
  const found: { operator: string; term: string }[] = [];
  const characters = Array.from(text);
  const isSpace = (character: string | undefined): boolean => character !== undefined && /\s/u.test(character);
  for (let at = 0; at < characters.length;) {
    if (isSpace(characters[at])) {
      at += 1;
      continue;
    }
    const next = characters[at + 1];
    const operator = '-!+'.includes(characters[at]!) && next !== undefined && !isSpace(next) ? characters[at]! : '';
    at += operator.length;
    const isPhrase = characters[at] === '"';
    if (isPhrase) at += 1;
    let term = '';
    for (; at < characters.length && !(isPhrase ? characters[at] === '"' : isSpace(characters[at])); at += 1) {
      if (characters[at] === '\\' && ['"', '\\'].includes(characters[at + 1]!)) at += 1;
      term += characters[at];
    }
    if (isPhrase) at += 1;
    if (term !== '') found.push({ operator, term });
  }
  return found;
}

function textMatches(text: string, event: StoredEvent): boolean {
  const strings = stringsOf([
    event.event,
    [event.resource, ...event.related].map(({ id, labels }) => [id, Object.values(labels)]),
    event.payload,
  ]).map((each) => each.normalize('NFC'));
  const terms = plainTerms(text).map(({ operator, term }) => {
    const expression = new RegExp(
      term
        .normalize('NFC')
        .replaceAll(/[\\^$.*+?()[\]{}|/-]/gu, String.raw`\$&`)
        .replaceAll(String.raw`\-`, '-'),
      'iu',
    );
    return { operator, holds: strings.some((each) => expression.test(each)) };
  });
  const optional = terms.filter(({ operator }) => operator === '');
  return (
    (optional.length === 0 || optional.some(({ holds }) => holds)) &&
    terms.every(({ operator, holds }) => (operator === '+' ? holds : operator === '' || !holds))
  );
}

function stringsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

function resourceMatches(filter: RelatedFilterInput, resource: Resource | RelatedResource): boolean {
  return [
    given(filter.role, (roles) => 'role' in resource && roles.includes(resource.role)),
    given(filter.id, (id) => nameMatches(id, resource.id)),
    given(filter.labels, (labels) => labels.every((label) => labelMatches(label, labelOf(resource, label.key)))),
  ].every(Boolean);
}

function labelMatches(filter: LabelFilterInput, value: string | undefined): boolean {
  const isOneOf = (values: readonly string[]): boolean => value !== undefined && values.includes(value);
  const isLike = (globs: readonly string[]): boolean => value !== undefined && globs.some((glob) => globExpression(glob).test(value));
  return [
    given(filter.exists, (exists) => exists === (value !== undefined)),
    given(filter.in, isOneOf),
    given(filter.notIn, (values) => !isOneOf(values)),
    given(filter.like, isLike),
    given(filter.notLike, (globs) => !isLike(globs)),
  ].every(Boolean);
}

function labelOf(resource: Resource | RelatedResource, key: string): string | undefined {
  const labels = new Map(Object.entries(resource.labels));
  if (key === 'prefect.resource.id') return resource.id;
  if (key === 'prefect.resource.role' && 'role' in resource) return resource.role;
  return key === 'prefect.resource.name' ? (labels.get(key) ?? labels.get('prefect.name')) : labels.get(key);
}

/**
 * All operators must hold for one and the same value, except `exists: false`, for which there must
 * be none.
 */
function payloadMatches(filter: PayloadFilterInput, payload: unknown): boolean {
  const steps = filter.path.match(/"(?:[^"\\]|\\.)*"|[^."]+/g) ?? [];
  const values = steps.reduce<readonly unknown[]>((found, step) => found.flatMap((value) => childrenOf(value, step)), [payload]);
  const { path: _, exists, ...operators } = filter;
  const wanted = Object.entries(operators).filter(([operator, to]) => to !== undefined && (to !== null || operator === 'eq'));
  const passing = values.filter((value) => wanted.every(([operator, to]) => valuePasses(value, operator, to)));
  const needsValue = exists === true || wanted.length > 0;
  return (exists !== false || values.length === 0) && (!needsValue || passing.length > 0);
}

function childrenOf(value: unknown, step: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null || isNumber(value)) return [];
  const key = step.startsWith('"') ? (JSON.parse(step) as string) : step;
  if (!Array.isArray(value)) return step === '*' ? [] : Object.entries(value).flatMap(([name, child]) => (name === key ? [child] : []));
  if (step === '*') return value;
  return value.flatMap((element, index) => (String(index) === key ? [element] : []));
}

function valuePasses(value: unknown, operator: string, to: unknown): boolean {
  if (operator === 'eq') return isDeepStrictEqual(plain(value), plain(to));
  if (operator === 'in') return (to as readonly unknown[]).some((each) => valuePasses(value, 'eq', each));
  const bothNumbers = isNumber(value) && isNumber(to);
  if (!bothNumbers && !(typeof value === 'string' && typeof to === 'string')) return false;
  const order = bothNumbers
    ? compareTokens(String(value), String(to))
    : Buffer.compare(Buffer.from(value as string), Buffer.from(to as string));
  return { gt: order > 0, gte: order >= 0, lt: order < 0, lte: order <= 0 }[operator] ?? false;
}

/** A value in which numbers are texts that differ from strings. */
function plain(value: unknown): unknown {
  if (isNumber(value)) return { number: valueOfToken(String(value)) };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [`.${key}`, plain(each)]));
}

function isNumber(value: unknown): value is number | ExactNumber {
  return typeof value === 'number' || value instanceof ExactNumber;
}
