import { labelKeys } from '../../event/event.ts';
import type { ResourceTest } from '../filter.ts';
import type { LabelFilterInput, RelatedFilterInput, ResourceFilterInput } from './filter-input.ts';
import { allOf, not, type ParseContext } from './parse-context.ts';
import { nameFilterParser, type NameTests } from './parse-name-filter.ts';

type Path = readonly string[];

export function parseResourceFilter(context: ParseContext, input: ResourceFilterInput, path: Path): ResourceTest {
  return allOf<ResourceTest>([
    context.clause(input.id, [...path, 'id'], nameFilterParser<ResourceTest>(context, idTests)),
    context.clauses(input.labels, [...path, 'labels'], (label, at) => labelTest(context, label, at)),
  ]);
}

export function parseRelatedFilter(context: ParseContext, input: RelatedFilterInput, path: Path): ResourceTest {
  return allOf<ResourceTest>([
    context.clause(input.role, [...path, 'role'], (values, at) => oneOfTest(labelKeys.role, context.texts(values, at))),
    [parseResourceFilter(context, input, path)],
  ]);
}

function labelTest(context: ParseContext, input: LabelFilterInput, path: Path): ResourceTest {
  const label = context.text(input.key, [...path, 'key']);
  const oneOf = (values: readonly string[], at: Path): ResourceTest => oneOfTest(label, context.texts(values, at));
  const like = (globs: readonly string[], at: Path): ResourceTest => likeTest(label, context.globs(globs, at));
  const exists: ResourceTest = { kind: 'exists', label };
  return allOf<ResourceTest>([
    context.clause(input.exists, [...path, 'exists'], (expected) => (expected ? exists : not(exists))),
    context.clause(input.in, [...path, 'in'], oneOf),
    context.clause(input.notIn, [...path, 'notIn'], (values, at) => not(oneOf(values, at))),
    context.clause(input.like, [...path, 'like'], like),
    context.clause(input.notLike, [...path, 'notLike'], (globs, at) => not(like(globs, at))),
  ]);
}

function oneOfTest(label: string, values: readonly string[]): ResourceTest {
  return { kind: 'oneOf', label, values };
}

function likeTest(label: string, globs: readonly string[]): ResourceTest {
  return { kind: 'like', label, globs };
}

const idTests: NameTests<ResourceTest> = {
  oneOf: (values) => oneOfTest(labelKeys.id, values),
  startsWith: (prefixes) => ({ kind: 'startsWith', label: labelKeys.id, prefixes }),
  like: (globs) => likeTest(labelKeys.id, globs),
};
