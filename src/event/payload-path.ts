import { TidingsError } from '../errors.ts';

/**
 * The keys that lead to one value of a payload. A number indexes an array, and is a plain key of an
 * object.
 */
export type PayloadPath = readonly string[];

/** A payload path in which `anyElement` stands for every element of an array. */
export type PayloadPattern = readonly PatternStep[];
export type PatternStep = string | typeof anyElement;

/**
 * The step `*`. Null, because no key is null: so the JSON of a pattern does not confuse it with the
 * key "*".
 */
export const anyElement = null;

/**
 * Parses dotted keys, in which `*` stands for every element of an array. A key that has a dot or
 * looks like other syntax is quoted as a JSON string: a."b.c".0, a."*". Throws BAD_USER_INPUT with
 * the right form for any other text.
 */
export function parsePayloadPattern(text: string): PayloadPattern {
  if (text.length > maxPathLength) throw pathError(`expected at most ${maxPathLength} characters, got ${text.length}`);
  const steps: PatternStep[] = [];
  let rest = text;
  for (;;) {
    const { length, step } = nextStep(rest, text);
    steps.push(step);
    rest = rest.slice(length);
    if (rest === '') break;
    if (!rest.startsWith('.')) throw malformed(text);
    rest = rest.slice(1);
  }
  if (steps.filter((step) => step === anyElement).length > maxAnyElements) {
    throw pathError(`expected at most ${maxAnyElements} steps *, got more`);
  }
  return steps;
}

/**
 * Parses the path of one value. Throws BAD_USER_INPUT as `parsePayloadPattern` does, and for the
 * step `*`.
 */
export function parsePayloadPath(text: string): PayloadPath {
  const pattern = parsePayloadPattern(text);
  if (isExactPath(pattern)) return pattern;
  throw pathError(`expected the path of one value, got ${excerpt(text)}; only filters take the step *, and the key * is quoted: "*"`);
}

/** Whether a pattern leads to one value at most. */
export function isExactPath(pattern: PayloadPattern): pattern is PayloadPath {
  return !pattern.includes(anyElement);
}

/** The pattern as `parsePayloadPattern` reads it. All keys but plain words are quoted. */
export function formatPayloadPattern(pattern: PayloadPattern): string {
  return pattern.map(formatStep).join('.');
}

export function formatStep(step: PatternStep): string {
  if (step === anyElement) return '*';
  return /^[\p{L}\p{N}_-]+$/u.test(step) ? step : JSON.stringify(step);
}

/** The value at a path; undefined when absent. */
export function valueAt(payload: unknown, path: PayloadPath): unknown {
  let value = payload;
  for (const key of path) value = childAt(value, key);
  return value;
}

/** Whether `passes` holds for some value at the pattern. Absent values are not tested. */
export function someValueAt(payload: unknown, pattern: PayloadPattern, passes: (value: unknown) => boolean): boolean {
  let value = payload;
  for (const [index, step] of pattern.entries()) {
    if (step === anyElement) {
      const rest = pattern.slice(index + 1);
      return Array.isArray(value) && value.some((element) => someValueAt(element, rest, passes));
    }
    value = childAt(value, step);
  }
  return value !== undefined && passes(value);
}

/** All values at the pattern, in the order of the payload. */
export function valuesAt(payload: unknown, pattern: PayloadPattern): readonly unknown[] {
  const values: unknown[] = [];
  someValueAt(payload, pattern, (value) => {
    values.push(value);
    return false;
  });
  return values;
}

/** The form of the keys that index an array. */
export const arrayIndex = /^(?:0|[1-9]\d*)$/;

function childAt(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value) && !arrayIndex.test(key)) return undefined;
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function nextStep(rest: string, whole: string): { readonly length: number; readonly step: PatternStep } {
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(rest)?.[0];
  if (quoted !== undefined) {
    try {
      return { length: quoted.length, step: JSON.parse(quoted) as string };
    } catch {
      throw malformed(whole);
    }
  }
  const bare = /^[^."]+/.exec(rest)?.[0];
  if (bare === undefined) throw malformed(whole);
  const syntax = otherSyntaxes.find(({ steps, onlyFirst }) => steps.test(bare) && (!onlyFirst || rest.length === whole.length));
  if (syntax !== undefined) throw malformed(whole, syntax.advice);
  return { length: bare.length, step: bare === '*' ? anyElement : bare };
}

/**
 * Steps that mean something in other path languages. As keys they must be quoted, so that a mistake
 * is not an absent key.
 */
const otherSyntaxes = [
  { steps: /^\$$/, onlyFirst: true, advice: 'leave out "$."' },
  { steps: /^\//, onlyFirst: true, advice: 'write a.b for /a/b' },
  { steps: /[[\]]/, onlyFirst: false, advice: 'write a.0 for a[0] and a.* for a[*]' },
  { steps: /^\*\*+$/, onlyFirst: false, advice: 'write one * for each level of arrays' },
] as const;

function malformed(text: string, advice?: string): TidingsError {
  const hint = advice === undefined ? '' : `; ${advice}, or quote the key`;
  return pathError(`expected dotted keys such as a."b.c".0 or a.*.b, got ${excerpt(text)}${hint}`);
}

function pathError(expectation: string): TidingsError {
  return new TidingsError('BAD_USER_INPUT', `path: ${expectation}`, { path: ['path'] });
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** Longer paths are rejected. */
export const maxPathLength = 1000;
/** Each is a nested query in SQL. */
export const maxAnyElements = 8;
