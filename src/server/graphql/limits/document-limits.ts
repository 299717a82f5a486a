import {
  GraphQLError,
  Kind,
  parse,
  type DocumentNode,
  type FragmentDefinitionNode,
  type ParseOptions,
  type SelectionSetNode,
  type Source,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LimitError } from './limit-error.ts';
import type { DocumentLimits } from './document-limit-defaults.ts';
import { dropTokens } from './document-nodes.ts';

/**
 * Rejects documents beyond the limits, on every transport, before validation, whose time grows with
 * them.
 */
export function limitDocuments(limits: DocumentLimits): Plugin {
  return { onParse: ({ setParseFn }) => setParseFn((source, options) => parseWithin(limits, source, options)) };
}

/** Throws LIMIT_EXCEEDED for a text that would take long to hash and to parse. */
export function checkDocumentLength({ length }: string): void {
  if (length > maxTextCharacters)
    throw new LimitError(`expected a document of at most ${maxTextCharacters} characters, got ${length}; put values in variables`);
}

/** A hundred for each token that a document can have. */
const maxTextCharacters = 1_000_000;

/** Parses a document. Throws GraphQL's syntax errors, and LIMIT_EXCEEDED. */
function parseWithin(limits: DocumentLimits, source: string | Source, options?: ParseOptions): DocumentNode {
  try {
    const document = parse(source, { ...options, maxTokens: limits.queryTokens });
    checkLimits(measure(document), limits);
    dropTokens(document);
    return document;
  } catch (error) {
    if (error instanceof RangeError)
      throw new LimitError('expected a document with fewer levels, got one that is nested too deeply to be parsed');
    if (error instanceof GraphQLError && /more tha[nt] \d+ tokens/.test(error.message)) {
      throw new LimitError(`expected a document of at most ${limits.queryTokens} tokens, got more; put values in variables`);
    }
    throw error;
  }
}

type Measure = Record<Exclude<keyof DocumentLimits, 'queryTokens'>, number>;

function checkLimits(found: Measure, limits: DocumentLimits): void {
  for (const [limit, description] of Object.entries(descriptions) as [keyof Measure, string][]) {
    if (found[limit] > limits[limit])
      throw new LimitError(`expected a document with at most ${limits[limit]} ${description}, got ${found[limit]}`);
  }
}

const descriptions: Readonly<Record<keyof Measure, string>> = {
  queryDepth: 'levels of fields',
  querySelections: 'fields and fragments',
  queryAliases: 'aliases',
  queryDirectives: 'directives',
  queryRootFields: 'root fields in an operation',
};

/**
 * Measures a document in time linear to its length. Depth and root fields are those after fragments
 * are expanded.
 */
function measure({ definitions }: DocumentNode): Measure {
  const found: Measure = { queryDepth: 0, querySelections: 0, queryAliases: 0, queryDirectives: 0, queryRootFields: 0 };
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const each of definitions) if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each);
  const known = new Map<FragmentDefinitionNode, Shape>();

  const shapeOf = ({ selections }: SelectionSetNode): Shape => {
    let [depth, fields] = [0, 0];
    for (const selection of selections) {
      found.querySelections += 1;
      found.queryDirectives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        if (selection.alias !== undefined) found.queryAliases += 1;
        fields += 1;
        depth = Math.max(depth, 1 + (selection.selectionSet === undefined ? 0 : shapeOf(selection.selectionSet).depth));
      } else {
        const nested = selection.kind === Kind.INLINE_FRAGMENT ? shapeOf(selection.selectionSet) : shapeOfNamed(selection.name.value);
        fields += nested.fields;
        depth = Math.max(depth, nested.depth);
      }
    }
    return { depth, fields };
  };
  const shapeOfNamed = (name: string): Shape => {
    const fragment = fragments.get(name);
    return fragment === undefined ? emptyShape : shapeOfFragment(fragment);
  };
  const shapeOfFragment = (fragment: FragmentDefinitionNode): Shape => {
    const before = known.get(fragment);
    if (before !== undefined) return before;
    known.set(fragment, emptyShape); // ends the recursion of a fragment that contains itself, which validation rejects
    const shape = shapeOf(fragment.selectionSet);
    known.set(fragment, shape);
    return shape;
  };

  for (const definition of definitions) {
    if (!('directives' in definition)) continue;
    found.queryDirectives += definition.directives?.length ?? 0;
    if (definition.kind === Kind.FRAGMENT_DEFINITION) shapeOfFragment(definition);
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const variable of definition.variableDefinitions ?? []) found.queryDirectives += variable.directives?.length ?? 0;
    const { depth, fields } = shapeOf(definition.selectionSet);
    found.queryDepth = Math.max(found.queryDepth, depth);
    found.queryRootFields = Math.max(found.queryRootFields, fields);
  }
  return found;
}

interface Shape {
  readonly depth: number;
  /** At the top level of the selection. */
  readonly fields: number;
}

const emptyShape: Shape = { depth: 0, fields: 0 };
