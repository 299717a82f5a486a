import { GraphQLError, Kind, type ASTVisitor, type ExecutionResult, type ValidationContext } from 'graphql';
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
    onExecute: () => ({ onExecuteDone: (done) => hideSuggestions(done) }),
    onSubscribe: () => ({ onSubscribeResult: (done) => hideSuggestions(done) }),
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

interface Done {
  readonly result: ExecutionResult | AsyncIterable<unknown>;
  readonly setResult: (result: ExecutionResult) => void;
}

function hideSuggestions({ result, setResult }: Done): void {
  if (!('errors' in result) || result.errors === undefined) return;
  const errors = result.errors.map((error) => {
    const { message, nodes = null, path = null, extensions } = error;
    const shown = withoutSuggestion(message);
    return shown === message ? error : new GraphQLError(shown, { nodes, path, extensions });
  });
  setResult({ ...result, errors });
}

/** Cuts the question at the end of a message. No pattern: the value in a message can be long and full of questions. */
function withoutSuggestion(message: string): string {
  const at = message.lastIndexOf(' Did you mean ');
  return at >= 0 && message.endsWith('?') ? message.slice(0, at) : message;
}
