import { isInputObjectType, Kind, type GraphQLSchema, type OperationDefinitionNode, type TypeNode } from 'graphql';
import { LimitError } from './limit-error.ts';
import { isJsonScalar } from '../../../json/exact-number.ts';

/**
 * Rejects variables whose coercion would block the event loop: GraphQL visits each field of the type
 * for each object, before any resolver can reject a filter that is too large.
 *
 * Guarantees: at most `maxVariableObjects` objects, `maxVariableValues` values and
 * `maxVariableCharacters` characters are coerced, over all variables but those of types with the
 * extension `passThrough`, which the number of events bounds (operation-cost.ts). Takes time for no more values than that.
 */
export function variableError(
  schema: GraphQLSchema,
  { variableDefinitions }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): LimitError | null {
  let objects = maxVariableObjects;
  let values = maxVariableValues;
  let characters = maxVariableCharacters;
  for (const { variable, type } of variableDefinitions ?? []) {
    if (isPassedThrough(schema, type)) continue;
    const pending: unknown[] = [variables[variable.name.value]];
    for (let value = pending.pop(); value !== undefined || pending.length > 0; value = pending.pop()) {
      values -= 1;
      if (typeof value === 'string') characters -= value.length;
      else if (!isJsonScalar(value)) {
        const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value as object);
        if (members !== value) {
          objects -= 1;
          for (const key in value as object) characters -= key.length;
        }
        if (objects < 0 || members.length > values) return tooLarge(variable.name.value);
        for (const member of members) pending.push(member);
      }
      if (values < 0 || characters < 0) return tooLarge(variable.name.value);
    }
  }
  return null;
}

function isPassedThrough(schema: GraphQLSchema, type: TypeNode): boolean {
  if (type.kind !== Kind.NAMED_TYPE) return isPassedThrough(schema, type.type);
  const named = schema.getType(type.name.value);
  return isInputObjectType(named) && named.extensions['passThrough'] === true;
}

function tooLarge(name: string): LimitError {
  return new LimitError(
    `$${name}: expected variables with at most ${maxVariableObjects} objects and ${maxVariableValues} values, ` +
      `of at most ${maxVariableCharacters} characters, got more; split the request`,
  );
}

/** Some 50 ms of coercion; a filter has 500 nodes by default. */
export const maxVariableObjects = 10_000;
/** Lists of strings are cheaper: 200 of the longest lists of a filter. */
export const maxVariableValues = 200_000;
/** Four of the largest filters. GraphQL writes a wrong value into its message. */
export const maxVariableCharacters = 4_000_000;
