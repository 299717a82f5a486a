import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChangeType, CriticalityLevel, diff } from '@graphql-inspector/core';
import {
  buildSchema,
  execute,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  isObjectType,
  parse,
  printSchema,
  validateSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { checkRootFields } from '../../schema/permissions.ts';
import { anonymous, unauthenticated } from '../../src/auth/caller.ts';

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

describe('permissions of root fields', () => {
  const rootTypes = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const rootFields = rootTypes.flatMap((type) => Object.values(type?.getFields() ?? {}).map((field) => ({ type: type!.name, field })));

  test.each([
    ['unauthenticated', 'UNAUTHENTICATED', { ...unauthenticated, ended: AbortSignal.abort() }],
    ['lacking permissions', 'FORBIDDEN', unauthenticated],
  ])('a caller %s is rejected before arguments are read, by every field but two', (_name, code, caller) => {
    const rejected: string[] = [];
    const open = rootFields.filter(({ type, field }) => {
      const services = {
        keys: { of: () => null },
        audit: { rejected: ({ reason }: { readonly reason: string }) => rejected.push(reason) },
      };
      const resolver = type === 'Subscription' ? field.subscribe : field.resolve;
      try {
        resolver!(undefined, null, { ...client, caller, services, loaders: null }, null as never);
      } catch (error) {
        expect(error, field.name).toMatchObject({ code });
        return false;
      }
      return true;
    });
    expect(open.map(({ field }) => field.name)).toEqual(['me', 'service']);
    expect(rejected).toEqual(rootFields.slice(open.length).map(() => code));
  });

  test('a key that is revoked by the first field of a mutation is rejected by the second', async () => {
    const ended = new AbortController();
    const revoked = { id: 'k', name: 'k', permissions: [], filter: null, emitPrefix: null };
    const keys = { revoke: async () => (ended.abort(), revoked) };
    const services = { keys, audit: { keyRevoked: async () => {}, rejected: () => {} } };
    const { data, errors } = await execute({
      schema,
      document: parse('mutation { first: revokeApiKey(id: "k") { id } second: revokeApiKey(id: "k") { id } }'),
      contextValue: { ...client, caller: { ...anonymous, ended: ended.signal }, services, loaders: null },
    });
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ path: ['second'], originalError: { code: 'UNAUTHENTICATED' } }]);
  });

  test('only root fields are wrapped, and a subscription only where it starts', () => {
    const wrapped = Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type)
        ? Object.values(type.getFields())
            .filter(({ extensions }) => extensions['pothosResolveWrapped'] === true)
            .map(({ name }) => `${type.name}.${name}`)
        : [],
    );
    const resolved = rootFields.filter(({ type }) => type !== 'Subscription').map(({ type, field }) => `${type}.${field.name}`);
    expect(wrapped.toSorted()).toEqual(resolved.toSorted());
  });

  test('a root field that states no permission is an error', () => {
    const query = new GraphQLObjectType({
      name: 'Query',
      fields: { head: { type: GraphQLString, extensions: { pothosOptions: {} } } },
    });
    expect(() => checkRootFields(new GraphQLSchema({ query }))).toThrow('Query.head: expected authScopes');
  });
});

const client = { address: '127.0.0.1', requestId: 'test' };

const defaults: ReadonlySet<string> = new Set([ChangeType.FieldArgumentDefaultChanged, ChangeType.InputFieldDefaultValueChanged]);

function fileText(path: string): string {
  return readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8');
}
