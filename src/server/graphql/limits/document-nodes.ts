import type { ASTNode, DocumentNode } from 'graphql';

/**
 * Removes the tokens from a parsed document: a list of all its words and comments, which is larger
 * than the document and is kept with it. Errors need only the offsets and the text.
 */
export function dropTokens(document: DocumentNode): void {
  for (const { loc } of nodesOf(document)) if (loc !== undefined) Object.assign(loc, { startToken: undefined, endToken: undefined });
}

/** About the bytes of memory that a parsed document without tokens takes. */
export function documentBytes(document: DocumentNode): number {
  let bytes = document.loc?.source.body.length ?? 0;
  for (const node of nodesOf(document)) bytes += nodeBytes + ('value' in node && typeof node.value === 'string' ? node.value.length : 0);
  return bytes;
}

function* nodesOf(root: ASTNode): Iterable<ASTNode> {
  const pending: unknown[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (Array.isArray(value)) pending.push(...(value as readonly unknown[]));
    else if (isNode(value)) {
      yield value;
      pending.push(...Object.values(value).filter((each) => typeof each === 'object' && each !== null));
    }
  }
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';
}

/** Measured: a node and its location. */
const nodeBytes = 250;
