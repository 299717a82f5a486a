import {
  getNamedType,
  isCompositeType,
  isListType,
  isNonNullType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { logQueryCost } from '../../../transport/rate-limit.ts';

/** A validated operation, with its variables as received. */
export interface Operation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Estimates the number of values in an operation's response; for a subscription, in each message.
 * Each emitted event and each query of the log adds to it.
 *
 * Assumes: a validated document, so no fragment contains itself.
 * Guarantees: an upper bound for lists whose length the request gives, in the document or in a
 * variable: by `first`, `last`, `maxEvents`, `batchSize` or the emitted events. Nested lists
 * multiply; `@skip` and `@include` are ignored. The time is linear to the document's length, also
 * if its fragments expand to far more.
 * Does not guarantee: a bound for other lists, which count as `assumedLength` long.
 */
export function costOf(request: Operation): number {
  const { operation, variables } = request;
  const lengths = operation.variableDefinitions?.map(({ variable }) => String(lengthIn(variables[variable.name.value]))).join() ?? '';
  const known = latestCosts.get(operation);
  if (known?.lengths === lengths) return known.cost;
  const cost = new Costs(request).operationCost();
  latestCosts.set(operation, { lengths, cost });
  return cost;
}

/** The latest cost of each operation, which depends on nothing else than the lengths that its variables give. */
const latestCosts = new WeakMap<OperationDefinitionNode, { readonly lengths: string; readonly cost: number }>();

/** The length that the value of a variable gives: a number, or that of a list; null gives none, undefined the default. */
function lengthIn(value: unknown): number | null | undefined {
  if (value === undefined || value === null || typeof value === 'number') return value;
  return Array.isArray(value) ? value.length : 1; // GraphQL coerces another value to a list of one
}

/** The cost of a selection: `once`, and `each` for every element of the lists directly in it. */
interface Cost {
  readonly once: number;
  readonly each: number;
}

class Costs {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly known = new Map<string, Cost>();

  constructor(private readonly request: Operation) {
    for (const each of request.document.definitions) if (each.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(each.name.value, each);
  }

  operationCost(): number {
    const { schema, operation } = this.request;
    const root = schema.getRootType(operation.operation);
    return root === undefined || root === null ? 0 : total(this.ofSelection(operation.selectionSet, root), assumedLength);
  }

  private ofSelection({ selections }: SelectionSetNode, parent: GraphQLCompositeType): Cost {
    let [once, each] = [0, 0];
    for (const selection of selections) {
      const cost =
        selection.kind === Kind.FIELD
          ? this.ofField(selection, parent)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? this.ofFragment(selection.name.value)
            : this.ofSelection(selection.selectionSet, this.typeNamed(selection.typeCondition?.name.value) ?? parent);
      once += cost.once;
      each += cost.each;
    }
    return { once, each };
  }

  private ofFragment(name: string): Cost {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const fragment = this.fragments.get(name);
    const parent = this.typeNamed(fragment?.typeCondition.name.value);
    const cost = fragment === undefined || parent === undefined ? zeroCost : this.ofSelection(fragment.selectionSet, parent);
    this.known.set(name, cost);
    return cost;
  }

  private ofField(node: FieldNode, parent: GraphQLCompositeType): Cost {
    const field = fieldOf(parent, node.name.value);
    if (field === undefined) return { once: 1, each: 0 };
    const type = getNamedType(field.type);
    const { length, inputLength, sampledEvents, logQueries } = this.sizes(field, node.arguments ?? []);
    const nestedCost = node.selectionSet !== undefined && isCompositeType(type) ? this.ofSelection(node.selectionSet, type) : zeroCost;
    const ownCost = 1 + inputLength + sampledEvents * sampledEventCost + logQueries * logQueryCost;
    const elementCost = ownCost + total(nestedCost, length ?? assumedLength);
    return isCompositeType(type) && isList(field.type) ? { once: 1, each: elementCost } : { once: elementCost, each: 0 };
  }

  /**
   * By a field's arguments: the length of the lists directly below it, of its input, and whether it
   * queries the log.
   */
  private sizes({ args }: GraphQLField<unknown, unknown>, nodes: readonly ArgumentNode[]): Sizes {
    const named = args.filter(({ name }) => lengthArguments.has(name));
    const lengths = named.flatMap((argument) => this.lengthOf(argument, nodes) ?? []);
    const sample = args.find(({ name }) => name === sampleArgument);
    const length = lengths.length > 0 ? Math.max(0, ...lengths) : named.length > 0 ? defaultPageSize : null;
    return {
      length,
      inputLength: named.some(({ name }) => name === inputArgument) ? (length ?? 0) : 0,
      sampledEvents: sample === undefined ? 0 : (this.lengthOf(sample, nodes) ?? 0),
      logQueries: args.some(({ name }) => logQueryArguments.has(name)) ? 1 : 0,
    };
  }

  /** The length that an argument gives, or its default; null if there is neither. */
  private lengthOf({ name, defaultValue }: GraphQLArgument, nodes: readonly ArgumentNode[]): number | null {
    const explicitLength = this.explicitLength(nodes.find((node) => node.name.value === name)?.value);
    return explicitLength ?? (typeof defaultValue === 'number' ? defaultValue : null);
  }

  /**
   * The value of a number, or the length of a list; null if neither the document nor the variables
   * give one.
   */
  private explicitLength(node: ValueNode | undefined): number | null {
    switch (node?.kind) {
      case Kind.INT:
        return Number(node.value);
      case Kind.LIST:
        return node.values.length;
      case Kind.OBJECT:
        return 1; // GraphQL coerces it to a list of one
      case Kind.VARIABLE: {
        const length = lengthIn(this.request.variables[node.name.value]);
        return length === undefined ? this.explicitLength(this.defaultOf(node.name.value)) : length;
      }
      default:
        return null;
    }
  }

  private defaultOf(variable: string): ValueNode | undefined {
    return this.request.operation.variableDefinitions?.find((each) => each.variable.name.value === variable)?.defaultValue;
  }

  private typeNamed(name: string | undefined): GraphQLCompositeType | undefined {
    const type = name === undefined ? undefined : this.request.schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  }
}

interface Sizes {
  readonly length: number | null;
  readonly inputLength: number;
  readonly sampledEvents: number;
  readonly logQueries: number;
}

function total({ once, each }: Cost, length: number): number {
  return once + each * length;
}

function fieldOf(parent: GraphQLCompositeType, name: string): GraphQLField<unknown, unknown> | undefined {
  return metaFields.get(name) ?? ('getFields' in parent ? parent.getFields()[name] : undefined);
}

const metaFields = new Map([SchemaMetaFieldDef, TypeMetaFieldDef, TypeNameMetaFieldDef].map((field) => [field.name, field]));

function isList(type: GraphQLOutputType | GraphQLArgument['type']): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type);
}

const zeroCost: Cost = { once: 0, each: 0 };
/**
 * Arguments that give the length of the lists directly in the field's type, as a number or by their
 * own length.
 */
const lengthArguments: ReadonlySet<string> = new Set(['first', 'last', 'maxEvents', 'batchSize', 'input']);
/** The one of them that carries the emitted events. */
const inputArgument = 'input';
/** The number of events that a field reads to summarize them. */
const sampleArgument = 'sample';
/** The charge for each of them: about the number of values in a small event. */
const sampledEventCost = 5;
/** The length of a page without `first` and `last`. */
const defaultPageSize = 50;
/**
 * The length of a list that depends on the data: related resources, errors, buckets of a live
 * count.
 */
const assumedLength = 10;
/**
 * Arguments of fields that query the log, which can take much longer than a response of their size.
 */
const logQueryArguments: ReadonlySet<string> = new Set(['filter', 'by']);
