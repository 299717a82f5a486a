import { TidingsError } from '../../errors.ts';
import type { Comparison, Condition, ValueTest } from '../filter.ts';
import { allOf, filterError, not, type ParseContext } from './parse-context.ts';
import { checkPayload } from '../../event/validate-payload.ts';
import { parsePayloadPath, type PayloadPath } from '../../event/payload-path.ts';
import { childNode, Problems, pathNodeOf } from '../../event/problem.ts';
import type { PayloadFilterInput } from './filter-input.ts';

type Path = readonly string[];

export function parsePayloadFilter(context: ParseContext, input: PayloadFilterInput, path: Path): Condition {
  const exists: ValueTest = { kind: 'exists' };
  const compares = (operator: Comparison): readonly ValueTest[] =>
    context.clause(input[operator], [...path, operator], (to, at) =>
      comparison(operator, typeof to === 'string' ? context.text(to, at) : to),
    );
  const passes = allOf<ValueTest>([
    context.clause(input.exists, [...path, 'exists'], (expected) => (expected ? exists : not(exists))),
    input.eq === undefined ? [] : context.clause([input.eq], [...path, 'eq'], ([value], at) => equals([value], at)),
    context.clause(input.in, [...path, 'in'], (values, at) => {
      context.checkLength(values, at);
      return equals(values, at);
    }),
    ...(['gt', 'gte', 'lt', 'lte'] as const).map(compares),
  ]);
  return { kind: 'payload', path: payloadPathOf(context, input.path, [...path, 'path']), passes };
}

function equals(values: readonly unknown[], path: Path): ValueTest {
  const problems = new Problems();
  const node = pathNodeOf(path);
  values.forEach((value, index) => checkPayload({ value }, childNode(node, String(index)), { maxDepth: maxDepth, problems }));
  const [problem] = problems.found;
  if (problem !== undefined) throw new TidingsError('BAD_FILTER', problem.message, { path: problem.path });
  return { kind: 'oneOf', values };
}

/** Only numbers and strings have an order; with anything else nothing compares. */
function comparison(operator: Comparison, to: unknown): ValueTest {
  if (typeof to !== 'number' && typeof to !== 'string') return { kind: 'any', of: [] };
  return { kind: 'compares', operator, to };
}

function payloadPathOf(context: ParseContext, text: string, at: Path): PayloadPath {
  try {
    return parsePayloadPath(context.text(text, at)).map((key) => context.text(key, at));
  } catch (error) {
    if (error instanceof TidingsError && error.code === 'BAD_USER_INPUT') throw filterError(at, error.message.replace(/^path: /, ''));
    throw error;
  }
}

const maxDepth = 100;
