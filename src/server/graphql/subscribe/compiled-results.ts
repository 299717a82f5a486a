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
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { isLargerThan } from '../../../json/json-size.ts';
import { jsonTextOf } from '../../../json/json-text.ts';
import { stringifyJson } from '../../../json/stringify-json.ts';

/**
 * Writes the JSON of a root value's result, or says why GraphQL must execute. TOO_LARGE: it is longer
 * than `maxBytes`, in about. UNKNOWN: any other reason.
 */
export type ResultWriter = (rootValue: object, contextValue: unknown) => Written;

export type Written = { readonly json: string } | 'TOO_LARGE' | 'UNKNOWN';

/**
 * Compiles an operation into functions that write its results, a third of the time of executing it:
 * fields are collected, and arguments and directives evaluated, once. Null: this operation cannot be
 * compiled.
 *
 * Assumes: a validated document. Resolvers have no effects and do not modify their arguments, so
 * GraphQL can execute again what the writer has begun.
 * Guarantees: the JSON of the result of GraphQL's `execute`, if that has no errors and waits for
 * nothing. Everything else is UNKNOWN: errors, null for a type that is not null, promises, lists that
 * are no arrays, and types whose values only GraphQL can recognize.
 * Does not guarantee the spaces inside values of scalars that are written as JSON text.
 */
export function compileResults(args: CompiledArgs, maxBytes: number): ResultWriter | null {
  const { schema, document, operationName, variableValues } = args;
  const operation = getOperationAST(document, operationName);
  const rootType = operation == null ? null : schema.getRootType(operation.operation);
  if (operation == null || rootType == null) return null;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {});
  if (coerced === undefined) return null;
  let write: Write;
  try {
    write = new Compiler(schema, document, coerced).object(rootType, [operation.selectionSet]);
  } catch {
    return null; // GraphQL reports the error
  }
  return (rootValue, contextValue) => {
    const run: Run = { contextValue, bytesLeft: maxBytes };
    try {
      return { json: `{"data":${write(rootValue, run)}}` };
    } catch (error) {
      return error === tooLarge ? 'TOO_LARGE' : 'UNKNOWN';
    }
  };
}

export type CompiledArgs = Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'>;

/** Writes a value: of a field, or the object that has it. Throws `tooLarge`, or anything else if it cannot. */
type Write = (value: unknown, run: Run) => string;

/** The state while one result is written. */
interface Run {
  readonly contextValue: unknown;
  bytesLeft: number;
}

/** The algorithms CollectFields and CompleteValue of the GraphQL specification, ahead of the values. */
class Compiler {
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(
    private readonly schema: GraphQLSchema,
    { definitions }: DocumentNode,
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {
    this.fragments = new Map(definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [])));
  }

  object(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Write {
    if (type.isTypeOf != null) throw unknown;
    const found: Fields = new Map();
    const visited = new Set<string>();
    for (const each of selectionSets) this.collect(type, each, { found, visited });
    const members: { readonly key: string; readonly write: Write }[] = [];
    for (const [name, nodes] of found) {
      const write = this.field(type, nodes);
      if (write !== null) members.push({ key: `${members.length === 0 ? '' : ','}${JSON.stringify(name)}:`, write });
    }
    const keyBytes = members.reduce((sum, { key }) => sum + key.length, 2);
    return (value, run) => {
      run.bytesLeft -= keyBytes;
      let text = '{';
      for (const { key, write } of members) text += key + write(value, run);
      return `${text}}`;
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
  private field(type: GraphQLObjectType, nodes: Nodes): Write | null {
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
    return (source, run) => {
      const value: unknown = resolve(source, args, run.contextValue, noInfo);
      if (!isPromise(value)) return complete(value, run);
      value.then(undefined, ignore);
      throw unknown;
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

/** A field without a resolver: the member of this name, as text if the object has that. */
function writeMember({ name, type }: GraphQLField<unknown, unknown>, complete: Write): Write {
  const member: Write = (source, run) => {
    const value = (source as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'function') throw unknown;
    return complete(value, run);
  };
  const leafType = isNonNullType(type) ? type.ofType : type;
  if (!isLeafType(leafType) || leafType.extensions['isJson'] !== true) return member;
  return (source, run) => {
    const text = jsonTextOf(source, name);
    return text === null ? member(source, run) : counted(text, run);
  };
}

function list(write: Write): Write {
  return (value, run) => {
    if (!Array.isArray(value)) throw unknown;
    let text = '[';
    for (let index = 0; index < value.length; index += 1) text += index === 0 ? write(value[index], run) : `,${write(value[index], run)}`;
    run.bytesLeft -= value.length;
    return `${text}]`;
  };
}

function leaf(type: GraphQLLeafType): Write {
  return (value, run) => {
    // GraphQL takes an error for one that was thrown.
    if (value === null || value === undefined || isPromise(value) || value instanceof Error) throw unknown;
    const serialized: unknown = type.serialize(value);
    if (serialized === null || serialized === undefined) throw unknown;
    if (typeof serialized === 'string') {
      if (serialized.length > run.bytesLeft) throw tooLarge;
      return counted(JSON.stringify(serialized), run);
    }
    if (isLargerThan(serialized, run.bytesLeft)) throw tooLarge;
    const text = stringifyJson(serialized) as string | undefined;
    if (text === undefined) throw unknown;
    return counted(text, run);
  };
}

function presentObject(write: Write): Write {
  return (value, run) => {
    if (typeof value !== 'object' || value === null || value instanceof Error || isPromise(value)) throw unknown;
    return write(value, run);
  };
}

function counted(text: string, run: Run): string {
  run.bytesLeft -= text.length;
  if (run.bytesLeft < 0) throw tooLarge;
  return text;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function';
}

const ignore = (): void => undefined;
/** A resolver that reads it throws, so that GraphQL executes. */
const noInfo = undefined as unknown as GraphQLResolveInfo;
const unknown = new Error('not compiled');
const tooLarge = new Error('too large');
