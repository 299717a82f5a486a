import * as fc from 'fast-check';
import { coerceInputValue, graphql, GraphQLList, GraphQLNonNull, parse, type GraphQLInputType, type GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../../schema/index.ts';
import { passThroughCheck, passThroughVariables } from '../../../src/server/graphql/subscribe/passthrough-variables.ts';

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
/** Mostly valid, sometimes any other value. */
const usually = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: anyValue });
const resource = { id: usually(fc.string()), name: usually(fc.string()), labels: usually(fc.dictionary(fc.string(), fc.string())) };
const anyInput = usually(
  fc.array(
    usually(
      fc
        .record(
          {
            id: usually(fc.string()),
            occurred: usually(fc.string()),
            event: usually(fc.string()),
            resource: usually(fc.record(resource, { requiredKeys: ['id'] })),
            related: usually(fc.array(usually(fc.record({ ...resource, role: usually(fc.string()) })), { maxLength: 2 })),
            payload: usually(fc.dictionary(fc.string(), anyValue)),
            unknown: fc.constant(1),
          },
          { requiredKeys: ['event', 'resource'] },
        )
        .map(({ unknown, ...event }) => (unknown === undefined || Object.keys(event).length > 3 ? event : { ...event, unknown })),
    ),
    { maxLength: 3 },
  ),
);

test('a value that can pass through is one that GraphQL would copy unchanged', () => {
  let passedThrough = 0;
  fc.assert(
    fc.property(anyInput, (value) => {
      if (!passThroughCheck(list)(value)) return;
      passedThrough += 1;
      const coerced = coerceInputValue(value, list, (_path, _value, error) => {
        throw error;
      });
      expect(coerced).toEqual(value);
    }),
    { numRuns: 2000 },
  );
  expect(passedThrough).toBeGreaterThan(200);
});

describe('the schema on which an operation is executed', () => {
  const valid = { event: 'a', resource: { id: 'r', labels: { a: 'b' } }, related: [], payload: { a: [1] } };
  const single = 'mutation ($input: EventInput!) { emitEvent(input: $input) { status } }';
  const several = 'mutation ($a: [EventInput!]!, $b: BatchErrorPolicy) { emitEvents(input: $a, onError: $b) { created } }';
  test.each([
    [single, { input: valid }, true],
    [several, { a: [valid, valid], b: 'SKIP_REJECTED' }, true],
    [single, { input: { ...valid, id: 5 } }, false],
    [single, { input: { ...valid, other: 1 } }, false],
    [single, { input: { event: 'a' } }, false],
    [single, {}, false],
    [several, { a: valid }, false],
    [several, { a: [valid, null] }, false],
    ['mutation ($id: ID!) { emitEvent(input: {id: $id, event: "a", resource: {id: "r"}}) { status } }', { id: 5 }, false],
    ['mutation ($input: EventInput = {event: "a", resource: {id: "r"}}) { emitEvent(input: $input) { status } }', { input: valid }, false],
    ['mutation ($input: EventInput!) { ...f } fragment f on Mutation { emitEvent(input: $input) { status } }', { input: valid }, false],
    ['query { head }', {}, false],
  ])('for %s with %j avoids copies: %s', async (source, variables, avoidsCopies) => {
    const used = executedOn(source, variables);
    expect(used !== schema).toBe(avoidsCopies);
    const contextValue = { caller: null, services: {} };
    const run = (on: GraphQLSchema): Promise<unknown> => graphql({ schema: on, source, variableValues: variables, contextValue });
    if (avoidsCopies) expect(await run(used)).toEqual(await run(schema)); // no caller: both reject, with the same path
  });
});

/** The schema on which the plugin executes an operation. */
function executedOn(source: string, variableValues: object): GraphQLSchema {
  let used: GraphQLSchema = schema;
  const execute = (args: { schema: GraphQLSchema }): void => void (used = args.schema);
  const args = { schema, document: parse(source), variableValues };
  let chosen = execute;
  const hook = passThroughVariables(schema).onExecute as unknown as (payload: object) => void;
  hook({ args, executeFn: execute, setExecuteFn: (next: typeof execute) => (chosen = next) });
  chosen(args);
  return used;
}
