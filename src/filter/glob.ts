/**
 * Globs: * is any run of characters, ? any one (a Unicode code point), a backslash makes the next character plain, and
 * at the very end stands for itself. A glob is its runs between the stars: the first must begin the text, the last end
 * it, and each other one is found where it occurs first behind the one before. So nothing is tried twice, whatever the
 * glob, and runs without a ? are searched for as fast as the engine can.
 */
export interface Glob {
  readonly head: Run;
  /** Null: the glob has no star, and the head is all of it. */
  readonly rest: { readonly between: readonly Run[]; readonly tail: Run } | null;
}

/** A text, or, where it has a ?, its characters. */
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

/** Where a run that stands at `at` ends; -1: it does not stand there. */
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

/** Where a run must begin to end with the text; -1: the text is too short. */
function startOfLast(run: Run, text: string): number {
  if (typeof run === 'string') return text.length - run.length;
  let start = text.length;
  for (let left = run.length; left > 0; left -= 1) start -= start > 1 && sizeAt(text, start - 2) === 2 ? 2 : 1;
  return start;
}

/** Code units of the code point that begins at `at`. */
function sizeAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** The glob as SQL's LIKE has it, with a backslash as the escape. */
export function likePattern(glob: string): string {
  return globTokens(glob)
    .map((token) => (token === anyRun ? '%' : token === anyOne ? '_' : token.replace(/[%_\\]/, String.raw`\$&`)))
    .join('');
}

/** The characters that every text has which matches: those it begins with, and each further run; `whole`: nothing else. */
export function literalRuns(glob: string): { readonly prefix: string; readonly runs: readonly string[]; readonly isLiteral: boolean } {
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
