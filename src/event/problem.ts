/** What is wrong with an event that a client sent: one sentence of what was expected, what came, and where. */
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

/** Where something stands in what a client sent. From the inside out, since most places are never told. */
export interface Where {
  readonly above: Where | null;
  readonly key: string;
  /** How many keys lead there. */
  readonly depth: number;
}

export function below(above: Where | null, key: string): Where {
  return { above, key, depth: above === null ? 1 : above.depth + 1 };
}

export function whereIs(path: readonly string[]): Where | null {
  return path.reduce<Where | null>(below, null);
}

export function pathOf(where: Where | null): readonly string[] {
  const path: string[] = [];
  for (let at = where; at !== null; at = at.above) path.push(at.key);
  return path.toReversed();
}

/** Collects the problems of one event; past `most` further ones are only counted, so that bad input stays cheap. */
export class Problems {
  readonly found: Problem[] = [];

  add(code: ProblemCode, path: readonly string[], expectation: string): void {
    if (this.found.length >= most) return;
    this.found.push({ code, path, message: [path.join('.'), expectation].filter((part) => part !== '').join(': ') });
  }
}

const most = 20;

/** How a value is named in a message: its type, and itself where it is short. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  return typeof value === 'number' || typeof value === 'boolean' ? `the ${typeof value} ${value}` : `a ${typeof value}`;
}
