import {
  getNamedType,
  isCompositeType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/** The arguments of a field, `Type.field`, as GraphQL text, for fields that need some, or are asked several ways. */
export type Arguments = Readonly<Record<string, readonly string[]>>;

/**
 * Operations that ask everything which a schema has: for each field of a root type, and each of its arguments, one that
 * selects every field below, so many levels deep. Fields whose arguments are not given here and are required fail, so that
 * a field that is added later is asked too.
 */
export function allFieldsQueries(
  schema: GraphQLSchema,
  root: 'Query' | 'Subscription',
  given: Arguments,
  levels: number,
): readonly string[] {
  const type = root === 'Query' ? schema.getQueryType() : schema.getSubscriptionType();
  const fields = Object.values(type?.getFields() ?? {});
  return fields.flatMap((field) =>
    argumentVariants(root, field, given).map(
      (args) => `${root.toLowerCase()} { asked: ${field.name}${args} ${selection(getNamedType(field.type), given, levels)} }`,
    ),
  );
}

function selection(type: GraphQLNamedType, given: Arguments, levels: number): string {
  if (!isCompositeType(type)) return '';
  if (isUnionType(type)) {
    const parts = type.getTypes().map((each) => `... on ${each.name} ${selection(each, given, levels)}`);
    return `{ __typename ${parts.join(' ')} }`;
  }
  if (!isObjectType(type)) throw new Error(`${type.name}: how to ask for all of it?`);
  const parts = Object.values(type.getFields()).flatMap((field) => {
    const fieldType = getNamedType(field.type);
    if (isCompositeType(fieldType) && levels === 0) return [];
    const subselection = selection(fieldType, given, levels - 1);
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
  if (missing.length > 0) throw new Error(`${type}.${field.name}: with which ${missing.map((each) => each.name).join(', ')} is it asked?`);
  return [''];
}
