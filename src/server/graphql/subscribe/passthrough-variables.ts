import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  isInputObjectType,
  isListType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type TypeNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Passes large variables to resolvers without the two copies that GraphQL makes of them: a fifth of
 * the time for a batch.
 *
 * Assumes: resolvers do not modify their arguments.
 * Guarantees: arguments and errors are those that GraphQL would produce. If coercion would only
 * copy the variables of pass-through types, the operation is executed on a schema in which these
 * types are scalars.
 * Does not guarantee: that every such variable is passed through. All others, and values in the
 * document, are coerced.
 *
 * Pass-through types are the input objects with the extension `passThrough`; only arguments of
 * mutations can have them.
 */
export function passThroughVariables(schema: GraphQLSchema): Plugin {
  const types = Object.values(schema.getTypeMap()).filter(isInputObjectType);
  const passThroughTypes = new Map(types.filter(({ extensions }) => extensions['passThrough'] === true).map((type) => [type.name, type]));
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

/** The checks of an operation's pass-through variables, by name. */
type Checks = readonly (readonly [string, PassThroughCheck])[];

/** Null: variables of this document cannot be passed through. */
function checksOf({ definitions }: DocumentNode, passThroughTypes: ReadonlyMap<string, GraphQLInputObjectType>): Checks | null {
  const [operation] = definitions;
  // Without fragments all arguments are in the operation itself.
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

/**
 * The schema's type for a type of the document, if it is a pass-through type or a list of one, else
 * null.
 */
function inputTypeOf(type: TypeNode, passThroughTypes: ReadonlyMap<string, GraphQLInputObjectType>): GraphQLInputType | null {
  if (type.kind === Kind.NAMED_TYPE) return passThroughTypes.get(type.name.value) ?? null;
  const inner = inputTypeOf(type.type, passThroughTypes);
  if (inner === null) return null;
  return type.kind === Kind.LIST_TYPE ? new GraphQLList(inner) : isNonNullType(inner) ? inner : new GraphQLNonNull(inner);
}

/** The same schema with these types as scalars that accept any value. */
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

/**
 * Whether coercion of a value would return an equal copy without errors. Can return false although
 * it would.
 */
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
    // Coercion would turn another value into a list.
    return (value) => Array.isArray(value) && value.every(item);
  }
  if (isInputObjectType(type)) return objectCheck(type);
  if (isNonNullType(type)) return passThroughCheck(type);
  if (type.name === 'String' || type.name === 'ID') return (value) => typeof value === 'string';
  return (value) => {
    try {
      return type.parseValue(value) === value;
    } catch {
      return false; // GraphQL reports the error
    }
  };
}

function objectCheck(type: GraphQLInputObjectType): PassThroughCheck {
  const fields = Object.values(type.getFields());
  const checks = new Map(fields.map((field) => [field.name, passThroughCheck(field.type)]));
  // Coercion would add default values of fields that are left out.
  const required = fields.filter((field) => isNonNullType(field.type) || field.defaultValue !== undefined).map(({ name }) => name);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const given = value as Readonly<Record<string, unknown>>;
    for (const key of Object.keys(given)) if (checks.get(key)?.(given[key]) !== true) return false;
    return required.every((name) => Object.hasOwn(given, name));
  };
}
