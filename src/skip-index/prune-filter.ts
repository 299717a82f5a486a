import { allOf, always, anyOf, bloomPredicate, type PruningPredicate } from './pruning-predicate.ts';
import { labelKeys } from '../event/event.ts';
import type { Condition, ResourceTest } from '../filter/filter.ts';
import { normalized } from '../filter/case-folding.ts';
import { literalRuns } from '../filter/glob.ts';
import { labelKeyHashes, ngramHashesOf, roleIdHashes } from './bloom-filter.ts';

/**
 * Derives the pruning predicate of a filter: what Bloom filters and times tell about a block. A
 * condition that cannot prune becomes `always`; so does an equality, which the index of the events
 * finds (src/store/filter-sql/index-condition.ts).
 */
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
    case 'during':
    case 'lacks':
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
      return always;
    case 'startsWith':
      return condition.field === 'event' ? prefixesPredicate(condition.prefixes) : always;
    case 'like':
      return condition.field === 'event' ? anyOf(condition.globs.map(globPredicate)) : always;
    case 'during':
      return condition;
    case 'resource':
      return condition.among === 'related'
        ? allOf([resourcePredicate(condition.passes), roleIdPredicate(condition.passes)])
        : resourcePredicate(condition.passes);
    case 'payload':
      return always;
    case 'contains':
      return textPredicate(condition.searchTerm);
    default:
      return condition satisfies never;
  }
}

function resourcePredicate(test: ResourceTest): PruningPredicate {
  switch (test.kind) {
    case 'all':
      return allOf(test.of.map(resourcePredicate));
    case 'any':
      return anyOf(test.of.map(resourcePredicate));
    case 'not':
      return test.of.kind === 'not' ? resourcePredicate(test.of.of) : always;
    case 'exists':
      return hasLabelPredicate(test.label);
    case 'oneOf':
      return always;
    case 'startsWith':
      return prefixesPredicate(test.prefixes);
    case 'like':
      return anyOf(test.globs.map(globPredicate));
    default:
      return test satisfies never;
  }
}

/** If one related resource must have one of some ids and one of some roles: a block must have such a pair. */
function roleIdPredicate(test: ResourceTest): PruningPredicate {
  const [roles, ids] = [requiredValues(test, labelKeys.role), requiredValues(test, labelKeys.id)];
  const isFew = roles.length * ids.length > 0 && roles.length * ids.length <= maxRoleIdPairs;
  return isFew ? anyOf(roles.flatMap((role) => ids.map((id) => bloomPredicate(roleIdHashes(role, id))))) : always;
}

/** The values of which the resource must have one; empty: any. */
function requiredValues(test: ResourceTest, label: string): readonly string[] {
  if (test.kind === 'oneOf' && test.label === label) return test.values;
  return test.kind === 'all' ? (test.of.map((each) => requiredValues(each, label)).find((values) => values.length > 0) ?? []) : [];
}

/** Every resource has an id, and every related one a role. A name can be that of either label. */
function hasLabelPredicate(label: string): PruningPredicate {
  if (label === labelKeys.id || label === labelKeys.role) return always;
  const labels = label === labelKeys.name ? [labelKeys.name, labelKeys.fallbackName] : [label];
  return anyOf([{ kind: 'lacks', content: 'labelKeys' }, ...labels.map((each) => bloomPredicate(labelKeyHashes(each)))]);
}

function prefixesPredicate(prefixes: readonly string[]): PruningPredicate {
  // The n-grams of many prefixes would exceed the size of a predicate, and take longer than the query.
  return prefixes.length > maxNgramPrefixes ? always : anyOf(prefixes.map(ngramPredicate));
}

function globPredicate(glob: string): PruningPredicate {
  const { prefix, runs, isLiteral } = literalRuns(glob);
  return isLiteral ? always : allOf([prefix, ...runs].map(ngramPredicate));
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
    anyOf([{ kind: 'lacks', content: 'normalizedTexts' }, ngramPredicate(text)]),
  ]);
}

/** Hashes of the runs of one search term: its other hashes are tested, too. */
const maxRunHashes = 8;
const maxNgramPrefixes = 50;
/** With more pairs of a role and an id, these are not tested. */
const maxRoleIdPairs = 16;
/** Nodes and hashes of one predicate; beyond, it prunes nothing. */
const maxPredicateSize = 500;
