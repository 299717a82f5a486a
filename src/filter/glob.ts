/**
 * A glob. `*` matches any run of characters, `?` any one character (a Unicode code point). A
 * backslash escapes the next character; at the end it stands for itself. The glob must match the
 * whole text.
 *
 * Guarantees: matching takes at most the length of the glob times that of the text. Why: a glob is
 * the runs between its stars. The text must begin with the first run and end with the last one.
 * Each other run is taken where it occurs first behind the one before; a later position could only
 * leave less text for the rest, so nothing is tried twice. String's own search finds the runs
 * without `?`.
 */
export interface Glob {
  readonly head: Run;
  /** Null: the glob has no star, and the head is the whole glob. */
  readonly rest: { readonly between: readonly Run[]; readonly tail: Run } | null;
}

/** A text; as a list of characters if it has a `?`. */
type Run = string | readonly (string | typeof anyOne)[];

export function parseGlob(glob: string): Glob {
  const runs: (string | typeof anyOne)[][] = [[]];
  for (const token of globTokens(glob)) {
    if (token === anyRun) runs.push([]);
    else runs.at(-1)?.push(token);
  }
  const [head = '', ...others] = runs.map((run): Run => (run.includes(anyOne) ? run : run.join('')));
  const tail = others.pop();
  return { head, rest: tail === undefined ? null : { between: others.filter((run) => run.length > 0), tail } };
}

/** Whether a text matches as a whole. */
export function globMatches({ head, rest }: Glob, text: string): boolean {
  let at = endOf(head, text, 0);
  if (rest === null) return at === text.length;
  for (const run of rest.between) {
    if (at < 0) return false;
    at = endOfFirst(run, text, at);
  }
  const start = startOfLast(rest.tail, text);
  return at >= 0 && start >= at && endOf(rest.tail, text, start) === text.length;
}

/** The end of a run that matches at `at`; -1 if it does not match there. */
function endOf(run: Run, text: string, at: number): number {
  if (typeof run === 'string') return text.startsWith(run, at) ? at + run.length : -1;
  let end = at;
  for (const token of run) {
    if (end >= text.length) return -1;
    const size = sizeAt(text, end);
    if (token !== anyOne && token !== text.slice(end, end + size)) return -1;
    end += size;
  }
  return end;
}

function endOfFirst(run: Run, text: string, from: number): number {
  if (typeof run === 'string') {
    const at = text.indexOf(run, from);
    return at < 0 ? -1 : at + run.length;
  }
  for (let at = from; at < text.length; at += sizeAt(text, at)) {
    const end = endOf(run, text, at);
    if (end >= 0) return end;
  }
  return -1;
}

/** The start of a run that ends with the text; negative if the text is too short. */
function startOfLast(run: Run, text: string): number {
  if (typeof run === 'string') return text.length - run.length;
  let start = text.length;
  for (let left = run.length; left > 0; left -= 1) start -= start > 1 && sizeAt(text, start - 2) === 2 ? 2 : 1;
  return start;
}

/** The code units of the code point at `at`. */
function sizeAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/**
 * The glob as a pattern of SQL's LIKE with a backslash as escape. It never ends in a lone
 * backslash, which LIKE rejects.
 */
export function likePattern(glob: string): string {
  return globTokens(glob)
    .map((token) => (token === anyRun ? '%' : token === anyOne ? '_' : token.replace(/[%_\\]/, String.raw`\$&`)))
    .join('');
}

/** The characters that every matching text has: the beginning, and each further run. */
export interface LiteralRuns {
  readonly prefix: string;
  readonly runs: readonly string[];
  /** The glob has no wildcards: only `prefix` matches. */
  readonly isLiteral: boolean;
}

export function literalRuns(glob: string): LiteralRuns {
  const runs = [''];
  for (const token of globTokens(glob)) {
    if (typeof token === 'symbol') runs.push('');
    else runs.push((runs.pop() ?? '') + token);
  }
  const [prefix = '', ...others] = runs;
  return { prefix, runs: others.filter((run) => run !== ''), isLiteral: runs.length === 1 };
}

const anyRun = Symbol('any run of characters');
const anyOne = Symbol('any one character');

function globTokens(glob: string): readonly (string | typeof anyRun | typeof anyOne)[] {
  const tokens: (string | typeof anyRun | typeof anyOne)[] = [];
  let escaped = false;
  for (const character of glob) {
    if (escaped) {
      tokens.push(character);
      escaped = false;
    } else if (character === '\\') {
      escaped = true;
    } else {
      tokens.push(character === '*' ? anyRun : character === '?' ? anyOne : character);
    }
  }
  if (escaped) tokens.push('\\');
  return tokens;
}
