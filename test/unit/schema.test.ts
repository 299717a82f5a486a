import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChangeType, CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema, printSchema, validateSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';

test('the schema is one that GraphQL allows', () => {
  expect(validateSchema(schema)).toEqual([]);
});

test('schema/schema.graphql is the schema as printed: if it is not, run `npm run schema`', () => {
  expect(fileText('schema/schema.graphql'), 'run `npm run schema` and look at what changed').toBe(`${printSchema(schema)}\n`);
});

describe('the schema keeps the contract', async () => {
  // Both from text: default values of enums are internal values in the schema itself.
  const changes = await diff(buildSchema(fileText('test/contract.graphql')), buildSchema(printSchema(schema)));
  const broken = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);

  test('all of it is there, as promised', () => {
    expect(broken.map(({ message }) => message)).toEqual([]);
  });

  test('no default value is another one', () => {
    expect(changes.filter(({ type }) => defaults.has(type)).map(({ message }) => message)).toEqual([]);
  });
});

const defaults: ReadonlySet<string> = new Set([ChangeType.FieldArgumentDefaultChanged, ChangeType.InputFieldDefaultValueChanged]);

function fileText(path: string): string {
  return readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8');
}
