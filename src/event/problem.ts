import { ExactNumber } from '../json/exact-number.ts';

/**
 * A problem of an event that a client sent. The message has the path, the expectation and the
 * value.
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly path: readonly string[];
}

export type ProblemCode = (typeof problemCodes)[number];

export const problemCodes = [
  'REQUIRED',
  'INVALID',
  'TOO_LONG',
  'TOO_MANY',
  'TOO_LARGE',
  'ID_CONFLICT',
  'FORBIDDEN',
  'BATCH_REJECTED',
] as const;

/**
 * A path in the input as a linked list from the inside out. Most paths are never reported, so they
 * are not written out.
 */
export interface PathNode {
  readonly parent: PathNode | null;
  readonly key: string;
  /** The number of keys. */
  readonly depth: number;
}

export function childNode(parent: PathNode | null, key: string): PathNode {
  return { parent, key, depth: parent === null ? 1 : parent.depth + 1 };
}

export function pathNodeOf(path: readonly string[]): PathNode | null {
  return path.reduce<PathNode | null>(childNode, null);
}

export function pathOf(node: PathNode | null): readonly string[] {
  const path: string[] = [];
  for (let at = node; at !== null; at = at.parent) path.push(at.key);
  return path.toReversed();
}

/**
 * Collects the problems of one event. Drops those beyond `maxProblems`, so that invalid input stays
 * cheap.
 */
export class Problems {
  readonly found: Problem[] = [];

  add(code: ProblemCode, path: readonly string[], expectation: string): void {
    if (this.found.length >= maxProblems) return;
    this.found.push({ code, path, message: [path.join('.'), expectation].filter((part) => part !== '').join(': ') });
  }
}

const maxProblems = 20;

/** A value in a message: its type, and the value if it is short. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof ExactNumber) return `the number ${value.text.length > 60 ? `${value.text.slice(0, 60)}…` : value.text}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  return typeof value === 'number' || typeof value === 'boolean' ? `the ${typeof value} ${value}` : `a ${typeof value}`;
}
