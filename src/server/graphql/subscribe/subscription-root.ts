import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Rejects `@skip` and `@include` on the root field of a subscription, and on fragments around it.
 *
 * Why: a subscription has exactly one root field, so neither has a use there. graphql-js evaluates
 * them during validation without the variables, and throws a TypeError if no field remains.
 */
export function rejectConditionalRoots(): Plugin {
  return {
    onValidate({ params, setResult }) {
      const errors = conditionalRootErrors(params.documentAST as DocumentNode);
      if (errors.length > 0) setResult(errors);
    },
  };
}

function conditionalRootErrors({ definitions }: DocumentNode): readonly GraphQLError[] {
  const subscriptions = definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION && each.operation === subscription);
  if (subscriptions.length === 0) return [];
  const fragments = new Map(definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])));
  const visited = new Set<string>();
  const conditions = (subscriptions as readonly OperationDefinitionNode[]).flatMap(({ selectionSet }) =>
    conditionsOf(selectionSet, fragments, visited),
  );
  return conditions.length === 0 ? [] : [conditionalRoot(conditions)];
}

/** The directives at the top level. `visited` ends the recursion of a fragment that contains itself. */
function conditionsOf(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  visited: Set<string>,
): readonly DirectiveNode[] {
  return selections.flatMap((selection) => {
    const own = selection.directives?.filter(({ name }) => name.value === 'skip' || name.value === 'include') ?? [];
    if (selection.kind === Kind.FIELD) return own;
    if (selection.kind === Kind.INLINE_FRAGMENT) return [...own, ...conditionsOf(selection.selectionSet, fragments, visited)];
    const fragment = fragments.get(selection.name.value);
    if (fragment === undefined || visited.has(selection.name.value)) return own;
    visited.add(selection.name.value);
    return [...own, ...conditionsOf(fragment.selectionSet, fragments, visited)];
  });
}

function conditionalRoot(nodes: readonly DirectiveNode[]): GraphQLError {
  const message =
    `expected the root field of a subscription without @${nodes[0]?.name.value ?? 'skip'}, got one with it; ` +
    'select it always, and decide before subscribing';
  return new GraphQLError(message, { nodes });
}

const { SUBSCRIPTION: subscription } = OperationTypeNode;
