import * as fc from 'fast-check';
import { coerceInputValue, graphql, GraphQLList, GraphQLNonNull, parse, type GraphQLInputType, type GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { plainness, plainVariables } from '../../../src/server/graphql/passthrough-variables.ts';

const eventInput = schema.getType('EventInput') as GraphQLInputType;
const list = new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(eventInput)));

const anyValue = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.json().map((text) => JSON.parse(text)),
);
/** Mostly sound, now and then anything else. */
const mostly = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: anyValue });
const resource = { id: mostly(fc.string()), name: mostly(fc.string()), labels: mostly(fc.dictionary(fc.string(), fc.string())) };
const anyInput = mostly(
  fc.array(
    mostly(
      fc
        .record(
          {
            id: mostly(fc.string()),
            occurred: mostly(fc.string()),
            event: mostly(fc.string()),
            resource: mostly(fc.record(resource, { requiredKeys: ['id'] })),
            related: mostly(fc.array(mostly(fc.record({ ...resource, role: mostly(fc.string()) })), { maxLength: 2 })),
            payload: mostly(fc.dictionary(fc.string(), anyValue)),
            unknown: fc.constant(1),
          },
          { requiredKeys: ['event', 'resource'] },
        )
        .map(({ unknown, ...event }) => (unknown === undefined || Object.keys(event).length > 3 ? event : { ...event, unknown })),
    ),
    { maxLength: 3 },
  ),
);

test('what is plain is what GraphQL hands on unchanged', () => {
  let plain = 0;
  fc.assert(
    fc.property(anyInput, (value) => {
      if (!plainness(list)(value)) return;
      plain += 1;
      const coerced = coerceInputValue(value, list, (_path, _value, error) => {
        throw error;
      });
      expect(coerced).toEqual(value);
    }),
    { numRuns: 2000 },
  );
  expect(plain).toBeGreaterThan(200);
});

describe('the schema that an operation is executed on', () => {
  const sound = { event: 'a', resource: { id: 'r', labels: { a: 'b' } }, related: [], payload: { a: [1] } };
  const single = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }';
  const several = 'mutation ($a: [EventInput!]!, $b: BatchErrorPolicy) { emitEvents(input: $a, onError: $b) { created } }';
  test.each([
    [single, { input: sound }, true],
    [several, { a: [sound, sound], b: 'SKIP_REJECTED' }, true],
    [single, { input: { ...sound, id: 5 } }, false],
    [single, { input: { ...sound, other: 1 } }, false],
    [single, { input: { event: 'a' } }, false],
    [single, {}, false],
    [several, { a: sound }, false],
    [several, { a: [sound, null] }, false],
    ['mutation ($id: ID!) { emitEvent(input: {id: $id, event: "a", resource: {id: "r"}}) { status } }', { id: 5 }, false],
    ['mutation ($input: EventInput = {event: "a", resource: {id: "r"}}) { emitEvent(input: $input) { status } }', { input: sound }, false],
    ['mutation ($input: EventInput!) { ...f } fragment f on Mutation { emitEvent(input: $input) { status } }', { input: sound }, false],
    ['query { head }', {}, false],
  ])('of %s with %j spares copies: %s', async (source, variables, spares) => {
    const used = executedOn(source, variables);
    expect(used !== schema).toBe(spares);
    const contextValue = { caller: null, services: {} };
    const run = (on: GraphQLSchema): Promise<unknown> => graphql({ schema: on, source, variableValues: variables, contextValue });
    if (spares) expect(await run(used)).toEqual(await run(schema)); // no caller: both refuse, at the same place
  });
});

/** The schema on which the plugin lets an operation be executed. */
function executedOn(source: string, variableValues: object): GraphQLSchema {
  let used: GraphQLSchema = schema;
  const execute = (args: { schema: GraphQLSchema }): void => void (used = args.schema);
  const args = { schema, document: parse(source), variableValues };
  let chosen = execute;
  const hook = plainVariables(schema).onExecute as unknown as (payload: object) => void;
  hook({ args, executeFn: execute, setExecuteFn: (next: typeof execute) => (chosen = next) });
  chosen(args);
  return used;
}
