import { GraphQLError, Kind, type ASTVisitor, type ValidationContext } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Hides the schema on every transport: no introspection, and no suggested names in error messages.
 */
export function withoutIntrospection(): Plugin {
  return {
    onValidate({ addValidationRule, validateFn, setValidationFn }) {
      addValidationRule(noIntrospection);
      const validate = validateFn as (...args: readonly unknown[]) => readonly GraphQLError[];
      // Only schema, document and rules: Envelop passes options where graphql 16 expects type info.
      setValidationFn((...args) => validate(...args.slice(0, 3), { hideSuggestions: true }));
    },
    // Errors about variables arise at execution.
    onExecute: ({ args }) => hideSuggestions(args),
    onSubscribe: ({ args }) => hideSuggestions(args),
  };
}

function noIntrospection(context: ValidationContext): ASTVisitor {
  return {
    Field({ kind, name: { value } }) {
      if (kind !== Kind.FIELD || (value !== '__schema' && value !== '__type')) return;
      const message = `${value}: introspection is disabled on this server (TIDINGS_INTROSPECTION=off)`;
      context.reportError(new GraphQLError(message, { extensions: { code: 'FORBIDDEN' } }));
    },
  };
}

function hideSuggestions(args: object): void {
  Object.assign(args, { hideSuggestions: true });
}
