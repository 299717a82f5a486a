import type { ServerResponse } from 'node:http';
import { isObjectType, visit, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { allButPayload, allParts, type EventPart, type EventParts } from '../../../event/event.ts';
import { runInSlices } from '../../../concurrency/time-slices.ts';
import { limitStall, releaseWhenSent } from '../../../transport/sent-response.ts';
import { LimitError } from './limit-error.ts';
import { isLargerInSteps } from '../../../json/json-size.ts';

/** The budget of an operation, as the context of every operation has one. */
export interface ResponseBudget extends Disposable {
  /** What the operation uses of events. */
  parts: EventParts;
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
  const fields = fieldsByPart(schema);
  const known = new WeakMap<DocumentNode, EventParts>();
  const partsOf = (document: DocumentNode): EventParts => {
    const used = known.get(document) ?? usedParts(document, fields);
    known.set(document, used);
    return used;
  };
  return {
    onSubscribe({ args }) {
      const { document, contextValue } = args as ExecutionArgs;
      (contextValue as { readonly budget: ResponseBudget }).budget.parts = partsOf(document);
    },
    onExecute({ args }) {
      const { document, contextValue } = args as ExecutionArgs;
      const { budget, res } = contextValue as { readonly budget: ResponseBudget; readonly res?: ServerResponse };
      // Resources are found by the labels and related resources of events, whatever is selected.
      budget.parts = partsOf(document).has('payload') ? allParts : allButPayload;
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

/** The names of the fields that use each part of an event, by their extension in the schema. */
function fieldsByPart(schema: GraphQLSchema): ReadonlyMap<EventPart, ReadonlySet<string>> {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  const fields = types.flatMap((type) => Object.values(type.getFields()));
  const namesOf = (part: EventPart): readonly string[] =>
    fields.filter(({ extensions }) => (extensions['readsParts'] as EventPart[] | undefined)?.includes(part)).map(({ name }) => name);
  return new Map(Array.from(allParts, (part) => [part, new Set(namesOf(part))]));
}

function usedParts(document: DocumentNode, fields: ReadonlyMap<EventPart, ReadonlySet<string>>): EventParts {
  const selected = new Set<string>();
  visit(document, { Field: ({ name }) => void selected.add(name.value) });
  return new Set([...allParts].filter((part) => Array.from(fields.get(part) ?? []).some((name) => selected.has(name))));
}
