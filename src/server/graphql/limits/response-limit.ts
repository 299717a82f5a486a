import type { ServerResponse } from 'node:http';
import { isObjectType, visit, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { runInSlices } from '../../../concurrency/time-slices.ts';
import { limitStall, releaseWhenSent } from '../../../transport/sent-response.ts';
import { LimitError } from './limit-error.ts';
import { isLargerInSteps } from '../../../json/json-size.ts';

/** The budget of an operation, as the context of every operation has one. */
export interface ResponseBudget extends Disposable {
  /** The operation reads only these parts of events. */
  restrictTo(parts: ReadonlySet<string>): void;
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
  const fields = partsByField(schema);
  const known = new WeakMap<DocumentNode, ReadonlySet<string>>();
  const partsOf = (document: DocumentNode): ReadonlySet<string> => {
    const used = known.get(document) ?? usedParts(document, fields);
    known.set(document, used);
    return used;
  };
  return {
    onSubscribe({ args }) {
      const { document, contextValue } = args as ExecutionArgs;
      (contextValue as { readonly budget: ResponseBudget }).budget.restrictTo(partsOf(document));
    },
    onExecute({ args }) {
      const { document, contextValue } = args as ExecutionArgs;
      const { budget, res } = contextValue as { readonly budget: ResponseBudget; readonly res?: ServerResponse };
      budget.restrictTo(partsOf(document));
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

/** The parts of events that a field with one of the names uses, by its extension in the schema. */
function partsByField(schema: GraphQLSchema): readonly (readonly [name: string, parts: readonly string[]])[] {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  const fields = types.flatMap((type) => Object.values(type.getFields()));
  return fields.flatMap(({ name, extensions }) =>
    'readsParts' in extensions ? [[name, extensions['readsParts'] as readonly string[]]] : [],
  );
}

function usedParts(document: DocumentNode, fields: ReturnType<typeof partsByField>): ReadonlySet<string> {
  const selected = new Set<string>();
  visit(document, { Field: ({ name }) => void selected.add(name.value) });
  return new Set(fields.flatMap(([name, parts]) => (selected.has(name) ? parts : [])));
}
