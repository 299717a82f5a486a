import { TidingsError } from '../../errors.ts';
import type { Comparison, Condition, ValueTest } from '../filter.ts';
import { allOf, bad, not, type FilterReader } from './parse-context.ts';
import { checkPayload } from '../../event/validate-payload.ts';
import { parsePayloadPath, type PayloadPath } from '../../event/payload-path.ts';
import { below, Problems, whereIs } from '../../event/problem.ts';
import type { PayloadFilterInput } from './filter-input.ts';

type Path = readonly string[];

export function parsePayloadFilter(reader: FilterReader, input: PayloadFilterInput, path: Path): Condition {
  const exists: ValueTest = { kind: 'exists' };
  const compares = (operator: Comparison): readonly ValueTest[] =>
    reader.part(input[operator], [...path, operator], (to, at) => comparison(operator, typeof to === 'string' ? reader.text(to, at) : to));
  const passes = allOf<ValueTest>([
    reader.part(input.exists, [...path, 'exists'], (wanted) => (wanted ? exists : not(exists))),
    input.eq === undefined ? [] : reader.part([input.eq], [...path, 'eq'], ([value], at) => equals([value], at)),
    reader.part(input.in, [...path, 'in'], (values, at) => {
      reader.checkLength(values, at);
      return equals(values, at);
    }),
    ...(['gt', 'gte', 'lt', 'lte'] as const).map(compares),
  ]);
  return { kind: 'payload', path: pathOf(reader, input.path, [...path, 'path']), passes };
}

function equals(values: readonly unknown[], path: Path): ValueTest {
  const problems = new Problems();
  const where = whereIs(path);
  values.forEach((value, index) => checkPayload({ value }, below(where, String(index)), { levels: mostLevels, problems }));
  const [problem] = problems.found;
  if (problem !== undefined) throw new TidingsError('BAD_FILTER', problem.message, { path: problem.path });
  return { kind: 'oneOf', values };
}

/** Only numbers and strings have an order; with anything else nothing compares. */
function comparison(operator: Comparison, to: unknown): ValueTest {
  if (typeof to !== 'number' && typeof to !== 'string') return { kind: 'any', of: [] };
  return { kind: 'compares', operator, to };
}

function pathOf(reader: FilterReader, text: string, at: Path): PayloadPath {
  try {
    return parsePayloadPath(reader.text(text, at)).map((key) => reader.text(key, at));
  } catch (error) {
    if (error instanceof TidingsError && error.code === 'BAD_USER_INPUT') throw bad(at, error.message.replace(/^path: /, ''));
    throw error;
  }
}

const mostLevels = 100;
