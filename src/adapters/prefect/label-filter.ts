import { describeValue } from '../../event/problem.ts';
import type { ResourceTest } from '../../filter/filter.ts';
import { filterError, not, type ParseContext } from '../../filter/parse/parse-context.ts';
import { isJsonObject } from '../../json/exact-number.ts';
import type { Path } from './json-reader.ts';

/**
 * Parses Prefect's `labels`: an object of labels, each with a value or a list of values.
 *
 * One value of each label must match; an empty list never matches. A value is a glob in which a
 * backslash has no special meaning. A leading `!` negates it. A missing label never matches.
 */
export function labelsTest(context: ParseContext, input: unknown, path: Path): readonly ResourceTest[] {
  if (input === undefined || input === null) return [];
  if (!isJsonObject(input)) throw filterError(path, `expected an object of labels, got ${describeValue(input)}`);
  return context.clauses(Object.entries(input), path, ([label, given]) => {
    const at = [...path, label];
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    const globs = context.texts(
      values.map((value, index) => textOf(value, Array.isArray(given) ? [...at, String(index)] : at)),
      at,
    );
    return labelTest(context, context.text(label, at), { globs, at });
  });
}

function labelTest(
  context: ParseContext,
  label: string,
  { globs, at }: { readonly globs: readonly string[]; readonly at: Path },
): ResourceTest {
  const like = (those: readonly string[]): ResourceTest => {
    for (const glob of those) context.glob(glob, at);
    // Without a wildcard it is a plain value, which the indexes find faster.
    return those.some((glob) => /[*?]/.test(glob))
      ? { kind: 'like', label, globs: those.map((glob) => glob.replaceAll('\\', String.raw`\\`)) }
      : { kind: 'oneOf', label, values: those };
  };
  const wanted = globs.filter((glob) => !glob.startsWith('!'));
  const unwanted = globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1));
  const exists: ResourceTest = { kind: 'exists', label };
  // The values are ORed: with several negated ones, not matching one of them is enough.
  const others = unwanted.map((glob): ResourceTest => ({ kind: 'all', of: [exists, not(like([glob]))] }));
  return { kind: 'any', of: [...(wanted.length === 0 ? [] : [like(wanted)]), ...others] };
}

function textOf(value: unknown, path: Path): string {
  if (typeof value !== 'string') throw filterError(path, `expected a string or a list of strings, got ${describeValue(value)}`);
  return value;
}
