import { allOf, always, anyOf, isIdle, ofHashes, type DigestTest } from './pruning-predicate.ts';
import { marksOf, termOf, type Among, type Term } from './terms.ts';
import { labelKeys } from '../event/event.ts';
import type { Condition, ResourceTest, ValueTest } from '../filter/filter.ts';
import { literalRuns } from '../filter/glob.ts';
import { gramsOf, payloadHashes } from './bloom-filter.ts';
import { kindOf, labelCut, longestCut } from './prefix-terms.ts';

/** What a filter asks of a digest: each part that says something by what it needs, the others nothing. */
export function digestTestOf(condition: Condition): DigestTest {
  const test = testOf(condition);
  // A test that is as large as a hostile filter would cost more than looking at the events.
  return sizeOf(test) > mostParts ? always : test;
}

function sizeOf(test: DigestTest): number {
  switch (test.kind) {
    case 'all':
    case 'any':
      return test.of.reduce((sum, each) => sum + sizeOf(each), 1);
    case 'bits':
      return test.hashes.length;
    case 'terms':
    case 'during':
      return 1;
    default:
      return test satisfies never;
  }
}

function testOf(condition: Condition): DigestTest {
  switch (condition.kind) {
    case 'all':
      return allOf(condition.of.map(testOf));
    case 'any':
      return anyOf(condition.of.map(testOf));
    case 'not':
      return condition.of.kind === 'not' ? testOf(condition.of.of) : always;
    case 'oneOf':
      // Ids have an index of their own, and so has what an event follows.
      return condition.field === 'event' ? terms(condition.values.map(termOf.name)) : always;
    case 'startsWith':
      return condition.field === 'event' ? anyOf(condition.prefixes.map((prefix) => begins(prefix))) : always;
    case 'during':
      return condition;
    case 'resource':
      return condition.among === 'any'
        ? anyOf([resourceTest(condition.passes, 'primary'), resourceTest(condition.passes, 'related')])
        : resourceTest(condition.passes, condition.among);
    case 'payload':
      return valueTest(condition.passes, condition.path);
    case 'contains':
      return bits(condition.needle);
    default:
      return condition satisfies never;
  }
}

function resourceTest(test: ResourceTest, among: Among): DigestTest {
  switch (test.kind) {
    case 'all':
      return allOf([...test.of.map((each) => resourceTest(each, among)), ...(among === 'related' ? partsTest(test.of) : [])]);
    case 'any':
      return anyOf(test.of.map((each) => resourceTest(each, among)));
    case 'not':
      return test.of.kind === 'not' ? resourceTest(test.of.of, among) : always;
    case 'exists':
      return terms([termOf.hasLabel(among, test.label)]);
    case 'oneOf':
      return terms(test.values.map((value) => termOf.label(among, test.label, value)));
    case 'startsWith':
      return anyOf(test.prefixes.map((prefix) => begins(prefix, { among, label: test.label })));
    case 'like':
      return anyOf(test.globs.map((glob) => like(glob, { among, label: test.label })));
    default:
      return test satisfies never;
  }
}

/**
 * Where one resource must have one of some ids and one of some roles, a role goes with an id of that kind; and, of few
 * pairs, with that id.
 */
function partsTest(tests: readonly ResourceTest[]): readonly DigestTest[] {
  const valuesOf = (label: string): readonly string[] =>
    tests.flatMap((test) => (test.kind === 'oneOf' && test.label === label ? [test.values] : [])).at(0) ?? [];
  const [roles, ids] = [valuesOf(labelKeys.role), flattenedIds(tests)];
  const kinds = Array.from(new Set(ids.map(kindOf)));
  if (roles.length === 0 || ids.length === 0 || roles.length * kinds.length > mostPairs) return [];
  const pairs = roles.length * ids.length > fewPairs ? [] : roles.flatMap((role) => ids.map((id) => marksOf.part(role, id)));
  return [
    terms(roles.flatMap((role) => kinds.map((kind) => termOf.part(role, kind)))),
    pairs.length === 0 ? always : anyOf(pairs.map((hashes) => ({ kind: 'bits', hashes, asked: 'last' }))),
  ];
}

/** The ids wanted, which the parser may have put one conjunction deeper. */
function flattenedIds(tests: readonly ResourceTest[]): readonly string[] {
  for (const test of tests) {
    if (test.kind === 'oneOf' && test.label === labelKeys.id) return test.values;
    const below = test.kind === 'all' ? flattenedIds(test.of) : [];
    if (below.length > 0) return below;
  }
  return [];
}

interface LabelPlace {
  readonly among: Among;
  readonly label: string;
}

/** Of a label's value, or of a name. */
function begins(prefix: string, place?: LabelPlace): DigestTest {
  if (place !== undefined && place.label !== labelKeys.id) {
    const cut = labelCut(prefix);
    return allOf([cut === null ? always : ofHashes(marksOf.labelPrefix(place.among, place.label, cut)), bits(prefix)]);
  }
  const cut = longestCut(prefix, place === undefined ? 'name' : 'id');
  if (cut === null) return bits(prefix);
  const term = place === undefined ? termOf.namePrefix(cut) : termOf.idPrefix(place.among, cut);
  // What the cut says already need not be asked again: only the grams that reach beyond it.
  return allOf([terms([term]), cut === prefix ? always : bits(prefix.slice(Math.max(0, cut.length - 3)))]);
}

function like(glob: string, place: LabelPlace): DigestTest {
  const { prefix, runs, whole } = literalRuns(glob);
  if (whole) return terms([termOf.label(place.among, place.label, prefix)]);
  const parts = allOf([prefix === '' ? always : begins(prefix, place), ...runs.map(bits)]);
  // Most labels are everywhere: that there is one says something only where nothing else does.
  return isIdle(parts) ? terms([termOf.hasLabel(place.among, place.label)]) : parts;
}

function valueTest(test: ValueTest, path: readonly string[]): DigestTest {
  switch (test.kind) {
    case 'all':
      return allOf(test.of.map((each) => valueTest(each, path)));
    case 'any':
      return anyOf(test.of.map((each) => valueTest(each, path)));
    case 'not':
      return always;
    case 'oneOf':
      return anyOf(test.values.map((value) => (isScalar(value) ? ofHashes(payloadHashes(path, value)) : always)));
    case 'exists':
    case 'compares':
      return always;
    default:
      return test satisfies never;
  }
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function terms(some: readonly Term[]): DigestTest {
  return { kind: 'terms', some };
}

function bits(text: string): DigestTest {
  return ofHashes(gramsOf(text));
}

const mostPairs = 1000;
/** Pairs of a role and an id of which bits are asked for. */
const fewPairs = 16;
/** Hashes, terms and combinations in one test. */
const mostParts = 500;
