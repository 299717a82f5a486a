import {
  getVariableValues,
  isInputObjectType,
  Kind,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type TypeNode,
} from 'graphql';
import { LimitError } from './limit-error.ts';
import { isJsonScalar } from '../../../json/exact-number.ts';
import { keysOf } from '../../../json/keys-of.ts';

/**
 * Rejects variables whose coercion would block the event loop: GraphQL visits each field of the type
 * for each object, before any resolver can reject a filter that is too large. For each of up to 50
 * errors it writes out the object around it, so invalid variables with many members have one error.
 *
 * Guarantees: at most `maxVariableObjects` objects with `maxVariableMembers` members,
 * `maxVariableValues` values and `maxVariableCharacters` characters are coerced, over all variables
 * but those of types with the extension `passThrough`, which the number of events bounds
 * (operation-cost.ts). Takes time for no more values than that.
 */
export function variableErrors(
  schema: GraphQLSchema,
  { variableDefinitions }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): readonly GraphQLError[] {
  const coerced = (variableDefinitions ?? []).filter(({ type }) => !isPassedThrough(schema, type));
  let members = maxVariableMembers;
  let objects = maxVariableObjects;
  let values = maxVariableValues;
  let characters = maxVariableCharacters;
  for (const { variable } of coerced) {
    const pending: unknown[] = [variables[variable.name.value]];
    for (let value = pending.pop(); value !== undefined || pending.length > 0; value = pending.pop()) {
      values -= 1;
      if (typeof value === 'string') characters -= value.length;
      else if (!isJsonScalar(value)) {
        const keys = Array.isArray(value) ? null : keysOf(value as object);
        if (keys !== null) {
          objects -= 1;
          members -= keys.length;
        }
        if (objects < 0 || members < 0 || (keys ?? (value as readonly unknown[])).length > values) return [tooLarge(variable.name.value)];
        for (const member of keys ?? (value as readonly unknown[])) {
          if (keys !== null) characters -= (member as string).length;
          pending.push(keys === null ? member : (value as Readonly<Record<string, unknown>>)[member as string]);
        }
      }
      if (values < 0 || characters < 0) return [tooLarge(variable.name.value)];
    }
  }
  if (maxVariableMembers - members < minErrorMembers) return []; // execution reports all errors
  try {
    return getVariableValues(schema, coerced, { ...variables }, { maxErrors: 1 }).errors ?? [];
  } catch {
    return []; // nested too deeply, which execution reports too
  }
}

function isPassedThrough(schema: GraphQLSchema, type: TypeNode): boolean {
  if (type.kind !== Kind.NAMED_TYPE) return isPassedThrough(schema, type.type);
  const named = schema.getType(type.name.value);
  return isInputObjectType(named) && named.extensions['passThrough'] === true;
}

function tooLarge(name: string): LimitError {
  return new LimitError(
    `$${name}: expected variables with at most ${maxVariableObjects} objects of ${maxVariableMembers} members and ${maxVariableValues} values, ` +
      `of at most ${maxVariableCharacters} characters, got more; split the request`,
  );
}

/** Some 50 ms of coercion; a filter has 500 nodes by default. */
export const maxVariableObjects = 10_000;
/** Of all objects: those of the largest values that a filter can have. GraphQL writes them into its message. */
export const maxVariableMembers = 50_000;
/** Members of which 50 errors take some milliseconds. */
const minErrorMembers = 200;
/** Lists of strings are cheaper: 200 of the longest lists of a filter. */
export const maxVariableValues = 200_000;
/** Four of the largest filters. GraphQL writes a wrong value into its message. */
export const maxVariableCharacters = 4_000_000;
