import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isNonNullType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/**
 * The arguments of a field, `Type.field`, as GraphQL text: for fields that need some, or are
 * selected several times.
 */
export type Arguments = Readonly<Record<string, readonly string[]>>;

/**
 * Operations that select everything which a schema has: for each field of a root type, and each of
 * its given arguments, one that selects every field below, so many levels deep. A field with
 * required arguments that are not given fails, so that a field that is added later is not left out.
 */
export function allFieldsQueries(
  schema: GraphQLSchema,
  root: 'Query' | 'Mutation' | 'Subscription',
  given: Arguments,
  levels: number,
): readonly string[] {
  const type = { Query: schema.getQueryType(), Mutation: schema.getMutationType(), Subscription: schema.getSubscriptionType() }[root];
  const fields = Object.values(type?.getFields() ?? {});
  return fields.flatMap((field) =>
    argumentVariants(root, field, given).map(
      (args) => `${root.toLowerCase()} { asked: ${field.name}${args} ${selection(getNamedType(field.type), { schema, given }, levels)} }`,
    ),
  );
}

interface Selecting {
  readonly schema: GraphQLSchema;
  readonly given: Arguments;
}

function selection(type: GraphQLNamedType, selecting: Selecting, levels: number): string {
  const { schema, given } = selecting;
  if (!isCompositeType(type)) return '';
  if (isAbstractType(type)) {
    const parts = schema.getPossibleTypes(type).map((each) => `... on ${each.name} ${selection(each, selecting, levels)}`);
    return `{ __typename ${parts.join(' ')} }`;
  }
  const parts = Object.values(type.getFields()).flatMap((field) => {
    const fieldType = getNamedType(field.type);
    if (isCompositeType(fieldType) && levels === 0) return [];
    const subselection = selection(fieldType, selecting, levels - 1);
    return argumentVariants(type.name, field, given).map(
      (args, n) => `${type.name}_${field.name}_${n}: ${field.name}${args} ${subselection}`,
    );
  });
  return `{ __typename ${parts.join(' ')} }`;
}

function argumentVariants(type: string, field: GraphQLField<unknown, unknown>, given: Arguments): readonly string[] {
  const known = given[`${type}.${field.name}`];
  if (known !== undefined) return known.map((text) => (text === '' ? '' : `(${text})`));
  const missing = field.args.filter((each) => isNonNullType(each.type) && each.defaultValue === undefined);
  if (missing.length > 0)
    throw new Error(`${type}.${field.name}: expected arguments for ${missing.map((each) => each.name).join(', ')}, got none`);
  return [''];
}
