import { labelKeys } from '../../event/event.ts';
import type { ResourceTest } from '../filter.ts';
import { allOf, not, type FilterReader } from './parse-context.ts';
import type { NameFilterInput, ResourceFilterInput, RelatedFilterInput, LabelFilterInput } from './filter-input.ts';

type Path = readonly string[];

export function parseResourceFilter(reader: FilterReader, input: ResourceFilterInput, path: Path): ResourceTest {
  return allOf<ResourceTest>([
    reader.part(input.id, [...path, 'id'], (names, at) => idTest(reader, names, at)),
    reader.parts(input.labels, [...path, 'labels'], (label, at) => labelTest(reader, label, at)),
  ]);
}

export function parseRelatedFilter(reader: FilterReader, input: RelatedFilterInput, path: Path): ResourceTest {
  return allOf<ResourceTest>([
    reader.part(input.role, [...path, 'role'], (values, at) => oneOf(labelKeys.role, reader.texts(values, at))),
    [parseResourceFilter(reader, input, path)],
  ]);
}

function idTest(reader: FilterReader, input: NameFilterInput, path: Path): ResourceTest {
  const startsWith = (values: readonly string[], at: Path): ResourceTest => {
    return { kind: 'startsWith', label: labelKeys.id, prefixes: reader.texts(values, at) };
  };
  return allOf<ResourceTest>([
    reader.part(input.in, [...path, 'in'], (values, at) => oneOf(labelKeys.id, reader.texts(values, at))),
    reader.part(input.startsWith, [...path, 'startsWith'], startsWith),
    reader.part(input.notIn, [...path, 'notIn'], (values, at) => not(oneOf(labelKeys.id, reader.texts(values, at)))),
    reader.part(input.notStartsWith, [...path, 'notStartsWith'], (values, at) => not(startsWith(values, at))),
  ]);
}

function labelTest(reader: FilterReader, input: LabelFilterInput, path: Path): ResourceTest {
  const label = reader.text(input.key, [...path, 'key']);
  const like = (globs: readonly string[], at: Path): ResourceTest => {
    reader.texts(globs, at).forEach((glob, index) => reader.glob(glob, [...at, String(index)]));
    return { kind: 'like', label, globs };
  };
  const exists: ResourceTest = { kind: 'exists', label };
  return allOf<ResourceTest>([
    reader.part(input.exists, [...path, 'exists'], (wanted) => (wanted ? exists : not(exists))),
    reader.part(input.in, [...path, 'in'], (values, at) => oneOf(label, reader.texts(values, at))),
    reader.part(input.notIn, [...path, 'notIn'], (values, at) => not(oneOf(label, reader.texts(values, at)))),
    reader.part(input.like, [...path, 'like'], like),
    reader.part(input.notLike, [...path, 'notLike'], (globs, at) => not(like(globs, at))),
  ]);
}

function oneOf(label: string, values: readonly string[]): ResourceTest {
  return { kind: 'oneOf', label, values };
}
