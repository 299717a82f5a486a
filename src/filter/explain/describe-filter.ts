import { ownPredicates, resourcePredicates, valuePredicates, writtenPath } from './describe-conditions.ts';
import type { Condition, ResourceTest } from '../filter.ts';
import { allOf, eitherOf, type Predicates, quoted } from './wording.ts';
import { simplified } from '../simplify-filter.ts';

/**
 * A filter, or a part of one, in plain English words: which events it lets pass. It says the meaning, not the wording:
 * what makes no difference is left out. What it says has one reading only (a test reads it back) but for what it cuts:
 * long lists and long texts.
 */
export function describeFilter(condition: Condition): string {
  return sentence(simplified(condition));
}

function sentence(condition: Condition): string {
  if (condition.kind === 'all') return condition.of.length === 0 ? 'every event' : enumerated(bySubject(condition.of.map(clause)));
  if (condition.kind === 'any') return condition.of.length === 0 ? 'no event' : eitherOf(condition.of.map(alternative));
  return enumerated(bySubject([clause(condition)]));
}

/** One alternative among others: what is said together stays together. */
function alternative(condition: Condition): string {
  return saysSeveral(condition) ? `(${sentence(condition)})` : sentence(condition);
}

function saysSeveral(condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return true;
    case 'resource':
    case 'payload':
      return condition.passes.kind === 'all';
    case 'not':
      return condition.of.kind === 'resource' && saysSeveral(condition.of);
    default:
      return false;
  }
}

/** What is said of a subject; without a subject it is a clause in itself. */
interface Clause extends Predicates {
  readonly subject: string | null;
}

function clause(condition: Condition): Clause {
  switch (condition.kind) {
    case 'oneOf':
    case 'startsWith':
    case 'during':
      return { subject: 'the event', ...ownPredicates(condition) };
    case 'resource':
      return condition.among === 'primary'
        ? { subject: 'the primary resource', ...resourcePredicates(condition.passes) }
        : { subject: null, ...someResource(condition.among, condition.passes) };
    case 'payload':
      return { subject: `the payload at ${writtenPath(condition.path)}`, ...valuePredicates(condition.passes) };
    case 'contains': {
      const what = `text contains ${quoted(condition.needle)} in upper or lower case`;
      return { subject: null, holds: `some ${what}`, fails: `no ${what}` };
    }
    case 'not': {
      const { subject, holds, fails } = clause(condition.of);
      return { subject, holds: fails, fails: holds };
    }
    default: {
      const said = `(${sentence(condition)})`;
      return { subject: null, holds: said, fails: `not ${said}` };
    }
  }
}

/** Neighbours of the same subject share it. Two clauses of "some" resource need not mean the same one, and have none. */
function bySubject(clauses: readonly Clause[]): readonly string[] {
  const groups: { readonly subject: string | null; readonly predicates: string[] }[] = [];
  for (const { subject, holds } of clauses) {
    const last = groups.at(-1);
    if (subject !== null && last?.subject === subject) last.predicates.push(holds);
    else groups.push({ subject, predicates: [holds] });
  }
  return groups.map(({ subject, predicates }) => (subject === null ? '' : `${subject} `) + allOf(predicates));
}

function enumerated(clauses: readonly string[]): string {
  return clauses.map((each, index) => (index > 0 && index === clauses.length - 1 ? `and ${each}` : each)).join(', ');
}

function someResource(among: 'related' | 'any', test: ResourceTest): Predicates {
  const which = among === 'related' ? 'related resource' : 'primary or related resource';
  if (test.kind === 'all' && test.of.length === 0) return { holds: `there is a ${which}`, fails: `there is no ${which}` };
  const { holds } = resourcePredicates(test);
  return { holds: `some one ${which} ${holds}`, fails: `no ${which} ${holds}` };
}
