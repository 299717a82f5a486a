import { isNumber, isUnusableNumber, maxNumberDigits } from '../../json/exact-number.ts';
import { TidingsError } from '../../errors.ts';
import { anyElement, isExactPath, parsePayloadPattern, type PayloadPattern } from '../../event/payload-path.ts';
import { describeValue, pathNodeOf, Problems } from '../../event/problem.ts';
import { SizeBounds } from '../../event/size-bounds.ts';
import { checkPayload } from '../../event/validate-payload.ts';
import type { Comparison, Condition, ValueTest } from '../filter.ts';
import type { PayloadFilterInput } from './filter-input.ts';
import { allOf, filterError, not, type ParseContext } from './parse-context.ts';

type Path = readonly string[];

/**
 * Parses a PayloadFilter. At a path with `*`, all operators must hold for one and the same value,
 * except that `exists: false` holds when there is no value at all.
 */
export function parsePayloadFilter(context: ParseContext, input: PayloadFilterInput, path: Path): Condition {
  const pattern = patternOf(context, input.path, [...path, 'path']);
  const exists: ValueTest = { kind: 'exists' };
  const [expected] = context.clause(input.exists, [...path, 'exists'], (given) => given);
  const comparisons = parseComparisons(context, input, path);
  if (isExactPath(pattern)) {
    const existence: readonly ValueTest[] = expected === undefined ? [] : [expected ? exists : not(exists)];
    return { kind: 'payload', path: pattern, passes: allOf<ValueTest>([existence, comparisons]) };
  }
  const tests = expected === true ? [exists, ...comparisons] : comparisons;
  const some = (passes: ValueTest): Condition => ({ kind: 'payload', path: pattern, passes });
  return allOf<Condition>([tests.length === 0 ? [] : [some(allOf([tests]))], expected === false ? [not(some(exists))] : []]);
}

/** All operators but `exists`. */
function parseComparisons(context: ParseContext, input: PayloadFilterInput, path: Path): readonly ValueTest[] {
  const compares = (operator: Comparison): readonly ValueTest[] =>
    context.clause(input[operator], [...path, operator], (to, at) =>
      comparison(operator, typeof to === 'string' ? context.text(to, at) : usable(to, at)),
    );
  return [
    ...(input.eq === undefined ? [] : context.clause([input.eq], [...path, 'eq'], ([value]) => equals(context, [['eq', value]], path))),
    ...context.clause(input.in, [...path, 'in'], (values, at) => {
      context.checkLength(values, at);
      return equals(context, Object.entries(values), at);
    }),
    ...(['gt', 'gte', 'lt', 'lte'] as const).flatMap(compares),
  ];
}

/** `entries`: the last step of each path, and the value. */
function equals(context: ParseContext, entries: readonly (readonly [string, unknown])[], path: Path): ValueTest {
  const values = entries.map(([, value]) => value);
  for (const value of values) context.addCharacters(JSON.stringify(value)?.length ?? 0);
  const problems = new Problems();
  const node = pathNodeOf(path);
  for (const [key, value] of entries) {
    checkPayload({ [key]: value }, node, { maxDepth, problems, size: new SizeBounds(Infinity) });
  }
  const [problem] = problems.found;
  if (problem !== undefined) throw new TidingsError('BAD_FILTER', problem.message, { path: problem.path });
  return { kind: 'oneOf', values };
}

function usable(value: unknown, path: Path): unknown {
  if (!isUnusableNumber(value)) return value;
  throw filterError(path, `expected a number of at most ${maxNumberDigits} digits, got ${describeValue(value)}`);
}

/** Only numbers and strings are ordered. No value compares with anything else. */
function comparison(operator: Comparison, to: unknown): ValueTest {
  if (!isNumber(to) && typeof to !== 'string') return { kind: 'any', of: [] };
  return { kind: 'compares', operator, to };
}

function patternOf(context: ParseContext, text: string, at: Path): PayloadPattern {
  try {
    const pattern = parsePayloadPattern(context.text(text, at));
    context.addPathSteps(pattern.length);
    context.addNodes(pattern.filter((step) => step === anyElement).length);
    return pattern.map((step) => (step === anyElement ? step : context.text(step, at)));
  } catch (error) {
    if (error instanceof TidingsError && error.code === 'BAD_USER_INPUT') throw filterError(at, error.message.replace(/^path: /, ''));
    throw error;
  }
}

const maxDepth = 100;
