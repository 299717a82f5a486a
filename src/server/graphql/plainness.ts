import { isInputObjectType, isListType, isNonNullType, type GraphQLInputObjectType, type GraphQLInputType } from 'graphql';

/** Whether GraphQL would make of a variable a copy of it with nothing changed, and no error. May say no where it would. */
export type IsPlain = (value: unknown) => boolean;

export function plainness(type: GraphQLInputType): IsPlain {
  if (isNonNullType(type)) {
    const inner = plainness(type.ofType);
    return (value) => value !== null && value !== undefined && inner(value);
  }
  const present = presentPlainness(type);
  return (value) => value === null || value === undefined || present(value);
}

function presentPlainness(type: GraphQLInputType): IsPlain {
  if (isListType(type)) {
    const item = plainness(type.ofType);
    // What is no list would become one.
    return (value) => Array.isArray(value) && value.every(item);
  }
  if (isInputObjectType(type)) return objectPlainness(type);
  if (isNonNullType(type)) return plainness(type);
  if (type.name === 'String' || type.name === 'ID') return (value) => typeof value === 'string';
  return (value) => {
    try {
      return type.parseValue(value) === value;
    } catch {
      return false; // GraphQL will say why
    }
  };
}

function objectPlainness(type: GraphQLInputObjectType): IsPlain {
  const fields = Object.values(type.getFields());
  const checks = new Map(fields.map((field) => [field.name, plainness(field.type)]));
  // One that is left out and has a default value would get it.
  const wanted = fields.filter((field) => isNonNullType(field.type) || field.defaultValue !== undefined).map(({ name }) => name);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const given = value as Readonly<Record<string, unknown>>;
    for (const key of Object.keys(given)) if (checks.get(key)?.(given[key]) !== true) return false;
    return wanted.every((name) => Object.hasOwn(given, name));
  };
}
