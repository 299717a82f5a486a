import {
  isRequiredArgument,
  Kind,
  visit,
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';

/**
 * The part of a document that executes the results of a subscription, and the names of its
 * variables. It lacks the arguments of the root field: they select the source, and do not affect its
 * results, but can be large. Those that the schema requires are left, so that execution accepts the
 * document.
 */
export interface ResultDocument {
  readonly document: DocumentNode;
  readonly variables: readonly string[];
  /** The variables on which the results depend: not those that occur only in the root field. */
  readonly resultVariables: readonly string[];
}

export function resultDocument(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): ResultDocument {
  const executed = withRootArguments(document, operation, (field, { name }) => isRequired(schema, field, name.value));
  const variables = variablesIn(executed);
  const isUsed = ({ variable }: VariableDefinitionNode): boolean => variables.includes(variable.name.value);
  return {
    document: visit(executed, { VariableDefinition: (definition) => (isUsed(definition) ? false : null) }),
    variables,
    resultVariables: variablesBelowRoot(document, operation),
  };
}

/** The names of an operation's variables, without those that occur only in arguments of root fields. */
export function variablesBelowRoot(document: DocumentNode, operation: OperationDefinitionNode): readonly string[] {
  return variablesIn(withRootArguments(document, operation, () => false));
}

/** The operation and all fragments, without the arguments of root fields that are not kept. */
function withRootArguments(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  keeps: (field: FieldNode, argument: ArgumentNode) => boolean,
): DocumentNode {
  const definitions = document.definitions.filter((each) => each === operation || each.kind === Kind.FRAGMENT_DEFINITION);
  const roots = rootFields(document, operation.selectionSet);
  const change = (field: FieldNode): FieldNode | undefined =>
    roots.has(field) ? { ...field, arguments: (field.arguments ?? []).filter((argument) => keeps(field, argument)) } : undefined;
  return visit({ ...document, definitions }, { Field: change });
}

function isRequired(schema: GraphQLSchema, { name }: FieldNode, argument: string): boolean {
  const fields = schema.getSubscriptionType()?.getFields();
  const definition = fields?.[name.value]?.args.find((each) => each.name === argument);
  return definition !== undefined && isRequiredArgument(definition);
}

/** In the order of the document. */
function variablesIn(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, { VariableDefinition: () => false, Variable: ({ name }) => void names.add(name.value) });
  return [...names];
}

/**
 * The root fields, also those in fragments. Assumes that no fragment contains itself, which
 * validation ensures.
 */
function rootFields(document: DocumentNode, { selections }: SelectionSetNode): ReadonlySet<FieldNode> {
  const fields = new Set<FieldNode>();
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) fields.add(selection);
    else {
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragmentOf(document, selection.name.value);
      if (fragment !== undefined) for (const field of rootFields(document, fragment.selectionSet)) fields.add(field);
    }
  }
  return fields;
}

function fragmentOf(document: DocumentNode, name: string) {
  for (const each of document.definitions) if (each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name) return each;
  return undefined;
}
