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
export function plainVariables(schema: GraphQLSchema): Plugin {
  const types = Object.values(schema.getTypeMap()).filter(isInputObjectType);
  const plain = new Map(types.filter(({ extensions }) => extensions['plain'] === true).map((type) => [type.name, type]));
  const trusting = withScalars(schema, plain);
  const checks = new WeakMap<DocumentNode, Checks | null>();
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const document = args.document as DocumentNode;
      let found = checks.get(document);
      if (found === undefined) checks.set(document, (found = checksOf(document, plain)));
      const variables = (args.variableValues ?? {}) as Readonly<Record<string, unknown>>;
      if (found === null || !found.every(([name, isPlain]) => isPlain(variables[name]))) return;
      setExecuteFn((given) => executeFn({ ...given, schema: trusting }) as unknown);
    },
  };
}

/** What must be plain of an operation's variables, by name. */
type Checks = readonly (readonly [string, IsPlain])[];

/** Null: the document is none whose variables may be handed on. */
function checksOf({ definitions }: DocumentNode, plain: ReadonlyMap<string, GraphQLInputObjectType>): Checks | null {
  const [operation] = definitions;
  // No fragments, so that all arguments are in view.
  if (definitions.length > 1 || operation?.kind !== Kind.OPERATION_DEFINITION || operation.operation !== OperationTypeNode.MUTATION)
    return null;
  const written = operation.selectionSet.selections.some(
    (each) => each.kind !== Kind.FIELD || each.arguments?.some(({ value }) => value.kind === Kind.OBJECT || value.kind === Kind.LIST),
  );
  if (written) return null;
  const found: (readonly [string, IsPlain])[] = [];
  for (const { variable, type, defaultValue } of operation.variableDefinitions ?? []) {
    const input = typed(type, plain);
    if (input === null) continue;
    if (defaultValue !== undefined) return null;
    found.push([variable.name.value, plainness(input)]);
  }
  return found.length > 0 ? found : null;
}

/** A type of the document, if it is of these; null: it is another one. */
function typed(type: TypeNode, plain: ReadonlyMap<string, GraphQLInputObjectType>): GraphQLInputType | null {
  if (type.kind === Kind.NAMED_TYPE) return plain.get(type.name.value) ?? null;
  const inner = typed(type.type, plain);
  if (inner === null) return null;
  return type.kind === Kind.LIST_TYPE ? new GraphQLList(inner) : isNonNullType(inner) ? inner : new GraphQLNonNull(inner);
}

/** The same schema, in which these types are scalars that take any value. */
function withScalars(schema: GraphQLSchema, plain: ReadonlyMap<string, GraphQLInputObjectType>): GraphQLSchema {
  const mutation = schema.getMutationType();
  if (mutation == null) return schema;
  const scalars = new Map([...plain.keys()].map((name) => [name, new GraphQLScalarType({ name })]));
  const replaced = (type: GraphQLInputType): GraphQLInputType => {
    if (isNonNullType(type)) return new GraphQLNonNull(replaced(type.ofType));
    if (isListType(type)) return new GraphQLList(replaced(type.ofType));
    return scalars.get(type.name) ?? type;
  };
  const { fields, ...config } = mutation.toConfig();
  const changed = Object.entries(fields).map(([name, field]) => {
    const args = Object.entries(field.args ?? {}).map(([key, arg]) => [key, { ...arg, type: replaced(arg.type) }]);
    return [name, { ...field, args: Object.fromEntries(args) as typeof field.args }];
  });
  const { types, ...whole } = schema.toConfig();
  return new GraphQLSchema({
    ...whole,
    mutation: new GraphQLObjectType({ ...config, fields: Object.fromEntries(changed) as typeof fields }),
    types: types.filter((type) => type !== mutation && !plain.has(type.name)),
  });
}

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
