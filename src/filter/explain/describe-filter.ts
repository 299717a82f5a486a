import { formatPayloadPattern, isExactPath } from '../../event/payload-path.ts';
import type { Condition, ResourceTest } from '../filter.ts';
import { simplified } from '../simplify-filter.ts';
import { eventWording, resourceWording, valueWording } from './describe-conditions.ts';
import { joinAlternatives, joinPhrases, quoted, type Wording } from './wording.ts';

/**
 * Describes in English which events match a filter, or a part of one. It describes the meaning:
 * parts that make no difference are left out. The text is unambiguous (a test parses it back),
 * except that long lists and texts are cut.
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

/** One of several alternatives, in parentheses if it consists of several statements. */
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
      return (condition.of.kind === 'resource' || condition.of.kind === 'payload') && hasSeveralStatements(condition.of);
    default:
      return false;
  }
}

/** Phrases about a subject. Without a subject each is a clause by itself. */
interface Statement extends Wording {
  readonly subject: string | null;
}

function statementOf(condition: Condition): Statement {
  switch (condition.kind) {
    case 'oneOf':
    case 'startsWith':
    case 'like':
    case 'during':
      return { subject: 'the event', ...eventWording(condition) };
    case 'resource':
      return condition.among === 'primary'
        ? { subject: 'the primary resource', ...resourceWording(condition.passes) }
        : { subject: null, ...resourceExistsWording(condition.among, condition.passes) };
    case 'payload': {
      const { path, passes } = condition;
      const subject = `the payload at ${formatPayloadPattern(path)}`;
      if (isExactPath(path)) return { subject, ...valueWording(passes) };
      const { holds } = valueWording(passes);
      return { subject: null, holds: `some one value in ${subject} ${holds}`, fails: `no value in ${subject} ${holds}` };
    }
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

/**
 * Joins neighbouring statements about the same subject. Two statements about "some" resource or
 * value need not mean the same one, so they have no subject.
 */
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
