import {
  getArgumentValues,
  getDirectiveValues,
  getOperationAST,
  getVariableValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  typeFromAST,
  TypeNameMetaFieldDef,
  type DocumentNode,
  type ExecutionArgs,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import {
  ignore,
  isPromise,
  leaf,
  list,
  presentObject,
  Texts,
  tooLarge,
  unknown,
  writeMember,
  type Run,
  type Text,
  type Write,
} from './write-values.ts';

/**
 * Writes the JSON of an operation's results, or says why GraphQL must execute. TOO_LARGE: it is longer than `maxBytes`,
 * in about, or the first elements of a list let expect that. UNKNOWN: any other reason.
 */
export interface ResultWriter {
  /** Waits for what resolvers promise. */
  write(operation: WrittenOperation): Promise<Written>;
  /** UNKNOWN if a resolver returns a promise. */
  writeAtOnce(operation: WrittenOperation): Written;
}

export interface WrittenOperation {
  readonly rootValue?: object;
  readonly contextValue: unknown;
  /** For the arguments of root fields, if they differ from those at compilation; coerced. */
  readonly variables?: Variables;
  readonly maxBytes: number;
}

export type Written = { readonly json: string } | 'TOO_LARGE' | 'UNKNOWN';

type Variables = Readonly<Record<string, unknown>>;

/**
 * Compiles an operation into functions that write its results, a third of the time of executing it:
 * fields are collected, and arguments and directives evaluated, once. Null: this operation cannot be
 * compiled.
 *
 * Assumes: a validated document; no mutation. GraphQL can execute again what the writer has begun: resolvers
 * do not modify their arguments, and have no effects that may not occur twice.
 * Guarantees: the JSON of the result of GraphQL's `execute`, if that has no errors. Everything else is UNKNOWN:
 * errors, null for a type that is not null, lists that are no arrays, promises in lists, and types whose values only
 * GraphQL can recognize. After `maxFailures` such results in a row, few others are tried.
 * Does not guarantee the spaces inside values of scalars that are written as JSON text.
 */
export function compileResults(args: CompiledArgs): ResultWriter | null {
  const { schema, document, operationName, variableValues } = args;
  const operation = getOperationAST(document, operationName);
  const rootType = operation == null ? null : schema.getRootType(operation.operation);
  if (operation == null || rootType == null) return null;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {});
  if (coerced === undefined) return null;
  let write: Write;
  try {
    write = new Compiler(schema, document, coerced).object(rootType, [operation.selectionSet], true);
  } catch {
    return null; // GraphQL reports the error
  }
  let failures = 0;
  const begin = ({ rootValue = {}, contextValue, variables = coerced, maxBytes }: WrittenOperation, waits: boolean): Text => {
    if (failures >= maxFailures && failures % maxFailures > 0) throw unknown;
    return write(rootValue, { contextValue, variables, waits, bytesLeft: maxBytes });
  };
  const written = (text: string): Written => {
    failures = 0;
    return { json: `{"data":${text}}` };
  };
  const failed = (error: unknown): Written => {
    failures = error === tooLarge ? 0 : failures + 1;
    return error === tooLarge ? 'TOO_LARGE' : 'UNKNOWN';
  };
  return {
    async write(operation) {
      try {
        return written(await begin(operation, true));
      } catch (error) {
        return failed(error);
      }
    },
    writeAtOnce(operation) {
      try {
        const text = begin(operation, false);
        return typeof text === 'string' ? written(text) : failed(unknown);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

export type CompiledArgs = Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'>;

/** The algorithms CollectFields and CompleteValue of the GraphQL specification, ahead of the values. */
class Compiler {
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  private fields = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    { definitions }: DocumentNode,
    private readonly variables: Variables,
  ) {
    this.fragments = new Map(definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])));
  }

  object(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[], isRoot = false): Write {
    if (type.isTypeOf != null) throw unknown;
    const found: Fields = new Map();
    const visited = new Set<string>();
    for (const each of selectionSets) this.collect(type, each, { found, visited });
    const members: { readonly key: string; readonly write: Write }[] = [];
    for (const [name, nodes] of found) {
      const write = this.field(type, nodes, isRoot);
      if (write !== null) members.push({ key: `${members.length === 0 ? '' : ','}${JSON.stringify(name)}:`, write });
    }
    const keyBytes = members.reduce((sum, { key }) => sum + key.length, 2);
    return (value, run) => {
      run.bytesLeft -= keyBytes;
      const texts = new Texts('{');
      for (const { key, write } of members) texts.add(key, write(value, run));
      return texts.end('}');
    };
  }

  private collect(type: GraphQLObjectType, { selections }: SelectionSetNode, into: Collected): void {
    for (const selection of selections) {
      if (getDirectiveValues(GraphQLSkipDirective, selection, this.variables)?.['if'] === true) continue;
      if (getDirectiveValues(GraphQLIncludeDirective, selection, this.variables)?.['if'] === false) continue;
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        const known = into.found.get(name);
        if (known === undefined) into.found.set(name, [selection]);
        else known.push(selection);
      } else {
        const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.fragmentOnce(selection.name.value, into.visited);
        if (fragment !== null && this.applies(type, fragment)) this.collect(type, fragment.selectionSet, into);
      }
    }
  }

  private fragmentOnce(name: string, visited: Set<string>): FragmentDefinitionNode | null {
    if (visited.has(name)) return null;
    visited.add(name);
    return this.fragments.get(name) ?? null;
  }

  private applies(type: GraphQLObjectType, { typeCondition }: Pick<Partial<FragmentDefinitionNode>, 'typeCondition'>): boolean {
    if (typeCondition === undefined) return true;
    const condition = typeFromAST(this.schema, typeCondition);
    return condition === type || (isAbstractType(condition) && this.schema.isSubType(condition, type));
  }

  /** Null: the type has no such field, which GraphQL leaves out. */
  private field(type: GraphQLObjectType, nodes: Nodes, isRoot: boolean): Write | null {
    this.fields += 1;
    if (this.fields > maxFields) throw unknown;
    const [node] = nodes;
    const name = node.name.value;
    if (name === TypeNameMetaFieldDef.name) {
      const text = JSON.stringify(type.name);
      return () => text;
    }
    const field = type.getFields()[name];
    if (field === undefined) {
      if (name.startsWith('__')) throw unknown; // introspection
      return null;
    }
    const complete = this.complete(field.type, nodes);
    const args = getArgumentValues(field, node, this.variables);
    const { resolve } = field;
    if (resolve === undefined) return writeMember(field, complete);
    const argsOf = isRoot && node.arguments?.length !== 0 ? ({ variables }: Run) => getArgumentValues(field, node, variables) : () => args;
    return (source, run) => {
      const value: unknown = resolve(source, argsOf(run), run.contextValue, noInfo);
      if (!isPromise(value)) return complete(value, run);
      if (!run.waits) {
        value.then(undefined, ignore);
        throw unknown;
      }
      const text = Promise.resolve(value).then((resolved) => complete(resolved, run));
      text.catch(ignore); // also if what follows throws
      return text;
    };
  }

  private complete(type: GraphQLOutputType, nodes: Nodes): Write {
    if (isNonNullType(type)) return this.present(type.ofType, nodes);
    const write = this.present(type, nodes);
    return (value, run) => (value === null || value === undefined ? 'null' : write(value, run));
  }

  /** Throws for null. */
  private present(type: Exclude<GraphQLOutputType, { toJSON(): `${string}!` }>, nodes: Nodes): Write {
    if (isListType(type)) return list(this.complete(type.ofType, nodes));
    if (isLeafType(type)) return leaf(type);
    const selectionSets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    if (isObjectType(type)) return presentObject(this.object(type, selectionSets));
    if (isAbstractType(type)) return this.abstract(type, selectionSets);
    throw unknown;
  }

  private abstract(type: GraphQLAbstractType, selectionSets: readonly SelectionSetNode[]): Write {
    const { resolveType } = type;
    if (resolveType == null) throw unknown;
    const writers = new Map(this.schema.getPossibleTypes(type).map((each) => [each.name, this.object(each, selectionSets)]));
    return presentObject((value, run) => {
      const name = resolveType(value, run.contextValue, noInfo, type);
      const write = typeof name === 'string' ? writers.get(name) : undefined;
      if (write === undefined) throw unknown;
      return write(value, run);
    });
  }
}

type Nodes = readonly [FieldNode, ...FieldNode[]];
type Fields = Map<string, [FieldNode, ...FieldNode[]]>;

interface Collected {
  readonly found: Fields;
  /** The names of fragments, each of which counts once. */
  readonly visited: Set<string>;
}

/** A resolver that reads it throws, so that GraphQL executes. */
const noInfo = undefined as unknown as GraphQLResolveInfo;
/** Compiling one takes some microseconds, and fragments within fragments can stand for a million. */
const maxFields = 1000;
/** Results in a row that were begun in vain, after which only each so many is. */
const maxFailures = 16;
