import { Kind, visit, type DocumentNode, type FieldNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';

/**
 * The names of the variables on which the results of a subscription depend, in the order of the
 * document. Variables that occur only in arguments of the root field are left out: they select the
 * source, and do not affect its results.
 */
export function resultVariables(document: DocumentNode, operation: OperationDefinitionNode): readonly string[] {
  const roots = rootFields(document, operation.selectionSet);
  const names = new Set<string>();
  const definitions = document.definitions.filter((each) => each === operation || each.kind === Kind.FRAGMENT_DEFINITION);
  for (const definition of definitions) {
    visit(definition, {
      VariableDefinition: () => false,
      Field: (field) => (roots.has(field) ? { ...field, arguments: [] } : undefined),
      Variable: ({ name }) => void names.add(name.value),
    });
  }
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
