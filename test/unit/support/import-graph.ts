import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** A file of the program, its path from the root of the package, `/` between folders. */
export interface SourceFile {
  readonly path: string;
  /** Its text without comments. */
  readonly code: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

export interface Import {
  /** The path of the file, or the name of the package. */
  readonly of: string;
  readonly dynamic: boolean;
}

/** Every file of the program in these folders. */
export function sourceFiles(folders: readonly string[]): readonly SourceFile[] {
  const root = join(import.meta.dirname, '..', '..', '..');
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => posix.join(folder, name.replaceAll('\\', '/'))),
  );
  const sources = paths.filter((path) => /\.[tj]sx?$/.test(path) && !path.includes('node_modules'));
  return sources.toSorted().map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

/** Reads a file; types count, and so do re-exports, imports for an effect, and import(). */
export function sourceFile(path: string, text: string): SourceFile {
  const code = text.replaceAll(blockComment, '').replaceAll(lineComment, '');
  const found = [
    ...Array.from(code.matchAll(statement), (match) => ({ of: resolved(path, match[2]!), dynamic: false })),
    ...Array.from(code.matchAll(call), (match) => ({ of: resolved(path, match[2]!), dynamic: true })),
  ];
  return { path, code, lines: text.trimEnd().split('\n').length, imports: found };
}

// Comments where oxfmt leaves them: on lines of their own, or behind code and a space. A string
// rarely looks like that.
const blockComment = /^\s*\/\*[\s\S]*?\*\//gm;
const lineComment = /(?<=^|\s)\/\/.*$/gm;
const statement = /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm;
const call = /(?<![\w.])(?:import|require)\s*\(\s*(['"`])([^'"`\n]+)\1/g;

function resolved(from: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier;
}
