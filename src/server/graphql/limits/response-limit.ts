import type { ServerResponse } from 'node:http';
import { isObjectType, visit, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { runInSlices } from '../../../concurrency/time-slices.ts';
import { limitStall, releaseWhenSent } from '../../../transport/sent-response.ts';
import { LimitError } from './limit-error.ts';
import { isLargerInSteps } from '../../../json/json-size.ts';

/** The budget of an operation, as the context of every operation has one. */
export interface ResponseBudget extends Disposable {
  /** Whether the operation needs payloads. */
  needsPayload: boolean;
  readonly maxBytes: number;
  readonly tooLarge: () => Error;
  /** Everything is read. */
  park(): void;
}

/**
 * Bounds the bytes of the responses to queries and mutations, on every transport. The reads of an
 * operation stop at its budget; this also counts a value that is selected several times.
 *
 * Over HTTP, the budget is disposed when the response is sent. Other transports dispose it.
 */
export function limitResponses(schema: GraphQLSchema): Plugin {
  const fields = payloadFields(schema);
  const known = new WeakMap<DocumentNode, boolean>();
  const needsPayload = (document: DocumentNode): boolean => {
    const needed = known.get(document) ?? selectsAny(document, fields);
    known.set(document, needed);
    return needed;
  };
  return {
    onSubscribe({ args }) {
      const { document, contextValue } = args as ExecutionArgs;
      (contextValue as { readonly budget: ResponseBudget }).budget.needsPayload = needsPayload(document);
    },
    onExecute({ args }) {
      const { document, contextValue } = args as ExecutionArgs;
      const { budget, res } = contextValue as { readonly budget: ResponseBudget; readonly res?: ServerResponse };
      budget.needsPayload = needsPayload(document);
      if (res !== undefined) releaseWhenSent(budget, res);
      return {
        async onExecuteDone({ result, setResult }) {
          budget.park();
          if (res !== undefined) limitStall(res);
          if ('data' in result && (await runInSlices(isLargerInSteps(result.data, budget.maxBytes))))
            setResult({ errors: [new LimitError(budget.tooLarge().message)] });
        },
      };
    },
  };
}

/** The names of the fields that read a payload, by their extension in the schema. */
function payloadFields(schema: GraphQLSchema): ReadonlySet<string> {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  const fields = types.flatMap((type) => Object.values(type.getFields()));
  return new Set(fields.filter(({ extensions }) => extensions['readsPayload'] === true).map(({ name }) => name));
}

function selectsAny(document: DocumentNode, names: ReadonlySet<string>): boolean {
  let found = false;
  visit(document, {
    Field({ name }) {
      found ||= names.has(name.value);
    },
  });
  return found;
}
