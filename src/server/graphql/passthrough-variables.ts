import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  isInputObjectType,
  Kind,
  OperationTypeNode,
  isListType,
  isNonNullType,
  type DocumentNode,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type TypeNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Spares large variables two copies, which took a fifth of the server's time for a batch of events.
 *
 * Assumes: resolvers do not change what they are given. Promises: what a resolver gets, and every error, is what GraphQL
 * would make of the variables. Where the variables of the types in question are plain, which is to say that GraphQL would
 * hand on a copy with nothing changed, they are handed on as they are: the operation is executed on a schema in which these
 * types are scalars. Does not promise to: whatever is not plain, or written in the document itself, goes the usual way.
 *
 * The types are those input objects that say so with the extension `plain`; only arguments of mutations may have them.
 */
export function passThroughVariables(schema: GraphQLSchema): Plugin {
  const types = Object.values(schema.getTypeMap()).filter(isInputObjectType);
  const passThroughTypes = new Map(types.filter(({ extensions }) => extensions['plain'] === true).map((type) => [type.name, type]));
  const scalarSchema = withScalars(schema, passThroughTypes);
  const checks = new WeakMap<DocumentNode, Checks | null>();
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const document = args.document as DocumentNode;
      let found = checks.get(document);
      if (found === undefined) checks.set(document, (found = checksOf(document, passThroughTypes)));
      const variables = (args.variableValues ?? {}) as Readonly<Record<string, unknown>>;
      if (found === null || !found.every(([name, canPassThrough]) => canPassThrough(variables[name]))) return;
      setExecuteFn((given) => executeFn({ ...given, schema: scalarSchema }) as unknown);
    },
  };
}

/** What must be plain of an operation's variables, by name. */
type Checks = readonly (readonly [string, PassThroughCheck])[];

/** Null: the document is none whose variables may be handed on. */
function checksOf({ definitions }: DocumentNode, passThroughTypes: ReadonlyMap<string, GraphQLInputObjectType>): Checks | null {
  const [operation] = definitions;
  // No fragments, so that all arguments are in view.
  if (definitions.length > 1 || operation?.kind !== Kind.OPERATION_DEFINITION || operation.operation !== OperationTypeNode.MUTATION)
    return null;
  const hasInlineInput = operation.selectionSet.selections.some(
    (each) => each.kind !== Kind.FIELD || each.arguments?.some(({ value }) => value.kind === Kind.OBJECT || value.kind === Kind.LIST),
  );
  if (hasInlineInput) return null;
  const found: (readonly [string, PassThroughCheck])[] = [];
  for (const { variable, type, defaultValue } of operation.variableDefinitions ?? []) {
    const input = inputTypeOf(type, passThroughTypes);
    if (input === null) continue;
    if (defaultValue !== undefined) return null;
    found.push([variable.name.value, passThroughCheck(input)]);
  }
  return found.length > 0 ? found : null;
}

/** A type of the document, if it is of these; null: it is another one. */
function inputTypeOf(type: TypeNode, passThroughTypes: ReadonlyMap<string, GraphQLInputObjectType>): GraphQLInputType | null {
  if (type.kind === Kind.NAMED_TYPE) return passThroughTypes.get(type.name.value) ?? null;
  const inner = inputTypeOf(type.type, passThroughTypes);
  if (inner === null) return null;
  return type.kind === Kind.LIST_TYPE ? new GraphQLList(inner) : isNonNullType(inner) ? inner : new GraphQLNonNull(inner);
}

/** The same schema, in which these types are scalars that take any value. */
function withScalars(schema: GraphQLSchema, passThroughTypes: ReadonlyMap<string, GraphQLInputObjectType>): GraphQLSchema {
  const mutationType = schema.getMutationType();
  if (mutationType == null) return schema;
  const scalars = new Map([...passThroughTypes.keys()].map((name) => [name, new GraphQLScalarType({ name })]));
  const replaceType = (type: GraphQLInputType): GraphQLInputType => {
    if (isNonNullType(type)) return new GraphQLNonNull(replaceType(type.ofType));
    if (isListType(type)) return new GraphQLList(replaceType(type.ofType));
    return scalars.get(type.name) ?? type;
  };
  const { fields, ...mutationConfig } = mutationType.toConfig();
  const changed = Object.entries(fields).map(([name, field]) => {
    const args = Object.entries(field.args ?? {}).map(([key, arg]) => [key, { ...arg, type: replaceType(arg.type) }]);
    return [name, { ...field, args: Object.fromEntries(args) as typeof field.args }];
  });
  const { types, ...schemaConfig } = schema.toConfig();
  return new GraphQLSchema({
    ...schemaConfig,
    mutation: new GraphQLObjectType({ ...mutationConfig, fields: Object.fromEntries(changed) as typeof fields }),
    types: types.filter((type) => type !== mutationType && !passThroughTypes.has(type.name)),
  });
}

/** Whether GraphQL would make of a variable a copy of it with nothing changed, and no error. May say no where it would. */
export type PassThroughCheck = (value: unknown) => boolean;

export function passThroughCheck(type: GraphQLInputType): PassThroughCheck {
  if (isNonNullType(type)) {
    const inner = passThroughCheck(type.ofType);
    return (value) => value !== null && value !== undefined && inner(value);
  }
  const present = presentValueCheck(type);
  return (value) => value === null || value === undefined || present(value);
}

function presentValueCheck(type: GraphQLInputType): PassThroughCheck {
  if (isListType(type)) {
    const item = passThroughCheck(type.ofType);
    // What is no list would become one.
    return (value) => Array.isArray(value) && value.every(item);
  }
  if (isInputObjectType(type)) return objectCheck(type);
  if (isNonNullType(type)) return passThroughCheck(type);
  if (type.name === 'String' || type.name === 'ID') return (value) => typeof value === 'string';
  return (value) => {
    try {
      return type.parseValue(value) === value;
    } catch {
      return false; // GraphQL will say why
    }
  };
}

function objectCheck(type: GraphQLInputObjectType): PassThroughCheck {
  const fields = Object.values(type.getFields());
  const checks = new Map(fields.map((field) => [field.name, passThroughCheck(field.type)]));
  // One that is left out and has a default value would get it.
  const required = fields.filter((field) => isNonNullType(field.type) || field.defaultValue !== undefined).map(({ name }) => name);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const given = value as Readonly<Record<string, unknown>>;
    for (const key of Object.keys(given)) if (checks.get(key)?.(given[key]) !== true) return false;
    return required.every((name) => Object.hasOwn(given, name));
  };
}
