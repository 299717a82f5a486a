import { eventWording, resourceWording, valueWording, formatPayloadPath } from './describe-conditions.ts';
import type { Condition, ResourceTest } from '../filter.ts';
import { joinPhrases, joinAlternatives, type Wording, quoted } from './wording.ts';
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
  if (condition.kind === 'all')
    return condition.of.length === 0 ? 'every event' : joinStatements(groupBySubject(condition.of.map(statementOf)));
  if (condition.kind === 'any') return condition.of.length === 0 ? 'no event' : joinAlternatives(condition.of.map(alternative));
  return joinStatements(groupBySubject([statementOf(condition)]));
}

/** One alternative among others: what is said together stays together. */
function alternative(condition: Condition): string {
  return hasSeveralStatements(condition) ? `(${sentence(condition)})` : sentence(condition);
}

function hasSeveralStatements(condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return true;
    case 'resource':
    case 'payload':
      return condition.passes.kind === 'all';
    case 'not':
      return condition.of.kind === 'resource' && hasSeveralStatements(condition.of);
    default:
      return false;
  }
}

/** What is said of a subject; without a subject it is a clause in itself. */
interface Statement extends Wording {
  readonly subject: string | null;
}

function statementOf(condition: Condition): Statement {
  switch (condition.kind) {
    case 'oneOf':
    case 'startsWith':
    case 'during':
      return { subject: 'the event', ...eventWording(condition) };
    case 'resource':
      return condition.among === 'primary'
        ? { subject: 'the primary resource', ...resourceWording(condition.passes) }
        : { subject: null, ...resourceExistsWording(condition.among, condition.passes) };
    case 'payload':
      return { subject: `the payload at ${formatPayloadPath(condition.path)}`, ...valueWording(condition.passes) };
    case 'contains': {
      const phrase = `text contains ${quoted(condition.searchTerm)} in upper or lower case`;
      return { subject: null, holds: `some ${phrase}`, fails: `no ${phrase}` };
    }
    case 'not': {
      const { subject, holds, fails } = statementOf(condition.of);
      return { subject, holds: fails, fails: holds };
    }
    default: {
      const text = `(${sentence(condition)})`;
      return { subject: null, holds: text, fails: `not ${text}` };
    }
  }
}

/** Neighbours of the same subject share it. Two clauses of "some" resource need not mean the same one, and have none. */
function groupBySubject(statements: readonly Statement[]): readonly string[] {
  const groups: { readonly subject: string | null; readonly phrases: string[] }[] = [];
  for (const { subject, holds } of statements) {
    const last = groups.at(-1);
    if (subject !== null && last?.subject === subject) last.phrases.push(holds);
    else groups.push({ subject, phrases: [holds] });
  }
  return groups.map(({ subject, phrases }) => (subject === null ? '' : `${subject} `) + joinPhrases(phrases));
}

function joinStatements(statements: readonly string[]): string {
  return statements.map((each, index) => (index > 0 && index === statements.length - 1 ? `and ${each}` : each)).join(', ');
}

function resourceExistsWording(among: 'related' | 'any', test: ResourceTest): Wording {
  const noun = among === 'related' ? 'related resource' : 'primary or related resource';
  if (test.kind === 'all' && test.of.length === 0) return { holds: `there is a ${noun}`, fails: `there is no ${noun}` };
  const { holds } = resourceWording(test);
  return { holds: `some one ${noun} ${holds}`, fails: `no ${noun} ${holds}` };
}
