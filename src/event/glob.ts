/**
 * Whether a text matches a glob as a whole: * is any run of characters, ? any one (a Unicode code point), a backslash
 * makes the next character plain, and at the very end stands for itself. Goes back only to the last star, which is
 * enough, so it takes at most length of text times length of glob steps (the wildcard matching that is known as
 * "greedy with one backtrack point").
 */
export function globMatches(glob: string, text: string): boolean {
  const parts = globParts(glob);
  const characters = Array.from(text);
  let part = 0;
  let at = 0;
  let star = -1;
  let resumeAt = 0;
  while (at < characters.length) {
    const wanted = parts[part];
    if (wanted === anyRun) {
      star = part;
      resumeAt = at;
      part += 1;
    } else if (wanted === anyOne || (wanted !== undefined && wanted === characters[at])) {
      part += 1;
      at += 1;
    } else if (star >= 0) {
      resumeAt += 1;
      at = resumeAt;
      part = star + 1;
    } else {
      return false;
    }
  }
  while (parts[part] === anyRun) part += 1;
  return part === parts.length;
}

/** The glob as SQL's LIKE has it, with a backslash as the escape. */
export function likePattern(glob: string): string {
  return globParts(glob)
    .map((part) => (part === anyRun ? '%' : part === anyOne ? '_' : part.replace(/[%_\\]/, String.raw`\$&`)))
    .join('');
}

/** What every text that matches begins with; `whole` when the glob has nothing else. */
export function literalHead(glob: string): { readonly head: string; readonly whole: boolean } {
  const parts = globParts(glob);
  const wild = parts.findIndex((part) => part === anyRun || part === anyOne);
  return { head: (wild < 0 ? parts : parts.slice(0, wild)).join(''), whole: wild < 0 };
}

export const anyRun = Symbol('any run of characters');
export const anyOne = Symbol('any one character');

function globParts(glob: string): readonly (string | typeof anyRun | typeof anyOne)[] {
  const parts: (string | typeof anyRun | typeof anyOne)[] = [];
  let escaped = false;
  for (const character of glob) {
    if (escaped) {
      parts.push(character);
      escaped = false;
    } else if (character === '\\') {
      escaped = true;
    } else {
      parts.push(character === '*' ? anyRun : character === '?' ? anyOne : character);
    }
  }
  if (escaped) parts.push('\\');
  return parts;
}
