import { isJsonScalar } from '../json/exact-number.ts';
import { allOf, always, anyOf, prunesNothing, bloomPredicate, type PruningPredicate } from './pruning-predicate.ts';
import { bloomKeysOf, termOf, type Among, type Term } from './terms.ts';
import { labelKeys } from '../event/event.ts';
import { isExactPath, type PayloadPattern } from '../event/payload-path.ts';
import type { Condition, ResourceTest, ValueTest } from '../filter/filter.ts';
import { normalized } from '../filter/case-folding.ts';
import { literalRuns } from '../filter/glob.ts';
import { ngramHashesOf, payloadHashes } from './bloom-filter.ts';
import { kindOf, labelPrefixOf, longestPrefixTerm } from './prefix-terms.ts';

/** Derives the pruning predicate of a filter. A condition that cannot prune becomes `always`. */
export function pruningPredicateOf(condition: Condition): PruningPredicate {
  const predicate = predicateOf(condition);
  // A predicate as large as a hostile filter can make it would cost more than scanning the events.
  return sizeOf(predicate) > maxPredicateSize ? always : predicate;
}

function sizeOf(predicate: PruningPredicate): number {
  switch (predicate.kind) {
    case 'all':
    case 'any':
      return predicate.of.reduce((sum, each) => sum + sizeOf(each), 1);
    case 'bloom':
      return predicate.hashes.length;
    case 'terms':
    case 'during':
    case 'unnormalized':
      return 1;
    default:
      return predicate satisfies never;
  }
}

function predicateOf(condition: Condition): PruningPredicate {
  switch (condition.kind) {
    case 'all':
      return allOf(condition.of.map(predicateOf));
    case 'any':
      return anyOf(condition.of.map(predicateOf));
    case 'not':
      return condition.of.kind === 'not' ? predicateOf(condition.of.of) : always;
    case 'oneOf':
      // Event ids and `follows` have indexes of their own.
      return condition.field === 'event' ? termsPredicate(condition.values.map(termOf.name)) : always;
    case 'startsWith':
      return condition.field === 'event' ? prefixesPredicate(condition.prefixes) : always;
    case 'like':
      return condition.field === 'event' ? anyOf(condition.globs.map((glob) => globPredicate(glob))) : always;
    case 'during':
      return condition;
    case 'resource':
      return condition.among === 'any'
        ? anyOf([resourcePredicate(condition.passes, 'primary'), resourcePredicate(condition.passes, 'related')])
        : resourcePredicate(condition.passes, condition.among);
    case 'payload':
      return valuePredicate(condition.passes, condition.path);
    case 'contains':
      return textPredicate(condition.searchTerm);
    default:
      return condition satisfies never;
  }
}

function resourcePredicate(test: ResourceTest, among: Among): PruningPredicate {
  switch (test.kind) {
    case 'all':
      return allOf([...test.of.map((each) => resourcePredicate(each, among)), ...(among === 'related' ? roleIdPredicates(test.of) : [])]);
    case 'any':
      return anyOf(test.of.map((each) => resourcePredicate(each, among)));
    case 'not':
      return test.of.kind === 'not' ? resourcePredicate(test.of.of, among) : always;
    case 'exists':
      return termsPredicate([termOf.hasLabel(among, test.label)]);
    case 'oneOf':
      return termsPredicate(test.values.map((value) => termOf.label(among, test.label, value)));
    case 'startsWith':
      return prefixesPredicate(test.prefixes, { among, label: test.label });
    case 'like':
      return anyOf(test.globs.map((glob) => globPredicate(glob, { among, label: test.label })));
    default:
      return test satisfies never;
  }
}

/**
 * If one resource must have one of some ids and one of some roles, a block must have that role with
 * that kind of id. For few pairs, the role and the id itself are tested, too.
 */
function roleIdPredicates(tests: readonly ResourceTest[]): readonly PruningPredicate[] {
  const valuesOf = (label: string): readonly string[] =>
    tests.flatMap((test) => (test.kind === 'oneOf' && test.label === label ? [test.values] : [])).at(0) ?? [];
  const [roles, ids] = [valuesOf(labelKeys.role), requiredIds(tests)];
  const kinds = Array.from(new Set(ids.map(kindOf)));
  if (roles.length === 0 || ids.length === 0 || roles.length * kinds.length > maxRoleKindPairs) return [];
  const bloomPairs =
    roles.length * ids.length > maxBloomPairs ? [] : roles.flatMap((role) => ids.map((id) => bloomKeysOf.roleId(role, id)));
  return [
    termsPredicate(roles.flatMap((role) => kinds.map((kind) => termOf.roleIdKind(role, kind)))),
    bloomPairs.length === 0 ? always : anyOf(bloomPairs.map((hashes) => ({ kind: 'bloom', hashes, stage: 'fine' }))),
  ];
}

/** The required ids. The parser may have put them one conjunction deeper. */
function requiredIds(tests: readonly ResourceTest[]): readonly string[] {
  for (const test of tests) {
    if (test.kind === 'oneOf' && test.label === labelKeys.id) return test.values;
    const below = test.kind === 'all' ? requiredIds(test.of) : [];
    if (below.length > 0) return below;
  }
  return [];
}

interface LabelRef {
  readonly among: Among;
  readonly label: string;
}

/** For prefixes of a label's value; without `labelRef`, of an event name. */
function prefixesPredicate(prefixes: readonly string[], labelRef?: LabelRef): PruningPredicate {
  // The n-grams of many prefixes would exceed the size of a predicate, and take longer than the query.
  const ngrams = prefixes.length > maxNgramPrefixes ? () => always : ngramPredicate;
  return anyOf(prefixes.map((prefix) => prefixPredicate(prefix, ngrams, labelRef)));
}

function prefixPredicate(prefix: string, ngrams: (text: string) => PruningPredicate, labelRef?: LabelRef): PruningPredicate {
  if (labelRef !== undefined && labelRef.label !== labelKeys.id) {
    const indexedPrefix = labelPrefixOf(prefix);
    return allOf([
      indexedPrefix === null ? always : bloomPredicate(bloomKeysOf.labelPrefix(labelRef.among, labelRef.label, indexedPrefix)),
      ngrams(prefix),
    ]);
  }
  const indexedPrefix = longestPrefixTerm(prefix, labelRef === undefined ? 'name' : 'id');
  if (indexedPrefix === null) return ngrams(prefix);
  const term = labelRef === undefined ? termOf.namePrefix(indexedPrefix) : termOf.idPrefix(labelRef.among, indexedPrefix);
  // The term covers the n-grams within the indexed prefix: only those that reach beyond it are
  // left.
  return allOf([termsPredicate([term]), indexedPrefix === prefix ? always : ngrams(prefix.slice(Math.max(0, indexedPrefix.length - 3)))]);
}

/** For the value of a label, or for an event name. */
function globPredicate(glob: string, labelRef?: LabelRef): PruningPredicate {
  const { prefix, runs, isLiteral } = literalRuns(glob);
  if (isLiteral)
    return termsPredicate([labelRef === undefined ? termOf.name(prefix) : termOf.label(labelRef.among, labelRef.label, prefix)]);
  const predicates = allOf([prefix === '' ? always : prefixPredicate(prefix, ngramPredicate, labelRef), ...runs.map(ngramPredicate)]);
  // Every event has a name, and most labels are in every block: testing for the label helps only if nothing else does.
  return prunesNothing(predicates) && labelRef !== undefined
    ? termsPredicate([termOf.hasLabel(labelRef.among, labelRef.label)])
    : predicates;
}

function valuePredicate(test: ValueTest, path: PayloadPattern): PruningPredicate {
  switch (test.kind) {
    case 'all':
      return allOf(test.of.map((each) => valuePredicate(each, path)));
    case 'any':
      return anyOf(test.of.map((each) => valuePredicate(each, path)));
    case 'not':
      return always;
    case 'oneOf':
      return anyOf(test.values.map((value) => equalityPredicate(value, path)));
    case 'exists':
    case 'compares':
      return always;
    default:
      return test satisfies never;
  }
}

function equalityPredicate(value: unknown, path: PayloadPattern): PruningPredicate {
  if (isExactPath(path)) return isJsonScalar(value) ? bloomPredicate(payloadHashes(path, value)) : always;
  // The hashes of elements have their index. A string occurs in the n-grams, wherever in the payload it is.
  return typeof value === 'string' ? ngramPredicate(value) : always;
}

function termsPredicate(terms: readonly Term[]): PruningPredicate {
  return { kind: 'terms', terms };
}

function ngramPredicate(text: string): PruningPredicate {
  return bloomPredicate(ngramHashesOf(text));
}

/**
 * For a text search. Summaries of earlier versions have the n-grams of texts as they were, not of
 * their normal form. In these only runs of ASCII prune, without the two characters to which others
 * normalize.
 */
function textPredicate(searchTerm: string): PruningPredicate {
  const text = normalized(searchTerm);
  const runs = text.split(/[^\p{ASCII}]|[;`]/u);
  if (runs.length === 1) return ngramPredicate(text);
  return allOf([
    bloomPredicate(runs.flatMap((run) => ngramHashesOf(run)).slice(0, maxRunHashes)),
    anyOf([{ kind: 'unnormalized' }, ngramPredicate(text)]),
  ]);
}

/** Hashes of the runs of one search term: its other hashes are tested, too. */
const maxRunHashes = 8;
/** With more pairs of a role and a kind of id, a predicate has no terms for them. */
const maxRoleKindPairs = 1000;
/** With more pairs of a role and an id, a predicate has no Bloom filter hashes for them. */
const maxBloomPairs = 16;
const maxNgramPrefixes = 50;
/** Nodes and hashes of one predicate; beyond, it prunes nothing. */
const maxPredicateSize = 500;
