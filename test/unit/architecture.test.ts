import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folders, layers } from './support/layers.ts';
import { sourceFile, sourceFiles, type Import, type SourceFile } from './support/import-graph.ts';

/** Files that may share a name: one subject as a command, a schema field, a domain file or a table. */
const sharedNames = 'api-keys chain count-by emit event filter rejected-events settings subscription tail'
  .split(' ')
  .map((name) => `${name}.ts`);

const maxFilesPerFolder = 20;

/** Packages and techniques that belong to one layer. */
const onlyIn: Readonly<Record<string, { readonly code?: RegExp; readonly imports?: RegExp; readonly files: RegExp }>> = {
  'the database and its driver': { imports: /^(drizzle-orm|postgres)(\/|$)/, files: /^(src\/store|drizzle)\// },
  'the embedded database': { imports: /^@electric-sql\//, files: /^src\/store\/database\/embedded(-worker)?\.[tj]s$/ },
  'the environment': {
    code: /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\[|\benv\b.*'node:process'/,
    files: /^src\/(settings|cli\/(serve|settings|private-server|client\/endpoint))\.ts$/,
  },
  'the defaults of id and occurred': {
    imports: /^src\/ingest\/defaults\.ts$/,
    files: /^(schema\/events\/emit|src\/ingest\/audit-log)\.ts$/,
  },
  SQL: { code: /\b(sql|client|orm)\s*(<[^>]*>)?\s*`|\bsql\.raw\b|\.unsafe\(|\.orm\b/, files: /^(src\/store|drizzle)\// },
};

const files = sourceFiles(['drizzle', 'schema', 'src']);
const root = join(import.meta.dirname, '..', '..');

describe('imports', () => {
  test('every file belongs to a layer', () => {
    expect(files.map(({ path }) => path).filter((path) => layerOf(path) === undefined)).toEqual([]);
  });

  test.each(Object.entries(layers))('%s imports only the layers below it that the table allows', (layer, { mayImport }) => {
    const own = files.filter(({ path }) => layerOf(path) === layer);
    expect(own).not.toEqual([]);
    expect(crossings(own).filter(({ to }) => to !== layer && !mayImport.includes(to))).toEqual([]);
  });

  test('a folder imports only the folders of its layer that the table allows', () => {
    const wrong = files.flatMap(({ path, imports }) => {
      const folder = folderOf(path);
      const siblings = imports.filter(({ of }) => rootOf(of) === rootOf(path) && folderOf(of) !== folder);
      return siblings.filter(({ of }) => folders[folder]?.includes(folderOf(of)) !== true).map(({ of }) => `${path} -> ${of}`);
    });
    expect(wrong).toEqual([]);
  });

  test('no file imports itself through others, also by types', () => {
    expect(fileCircles()).toEqual([]);
  });

  test('only src/epoch-session.ts imports both the schema and the server', () => {
    const importsBoth = files.filter((file) => ['schema', 'server'].every((layer) => crossings([file]).some(({ to }) => to === layer)));
    expect(importsBoth.map(({ path }) => path)).toEqual(['src/epoch-session.ts']);
  });
});

describe('folders', () => {
  const paths = [...new Set(files.map(({ path }) => folderOf(path)))].filter((folder) => folder.startsWith('src'));

  test(`have at most ${maxFilesPerFolder} files`, () => {
    const tested = sourceFiles(['test']).map(({ path }) => folderOf(path));
    const counts = [...new Set([...paths, ...tested])].map((folder) => ({ folder, count: fileCount(folder) }));
    expect(counts.filter(({ count }) => count > maxFilesPerFolder)).toEqual([]);
  });

  test.each(paths)('%s has a README', (folder) => {
    expect(existsSync(join(root, folder, 'README.md'))).toBe(true);
  });

  test('share no file names but those of one subject in several layers', () => {
    const names = files.filter(({ path }) => !path.startsWith('drizzle/')).map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
    const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
    expect(repeated.toSorted()).toEqual(sharedNames);
  });
});

test.each(Object.entries(onlyIn))('%s: in no other place', (_what, { code, imports, files: allowed }) => {
  const using = files.filter((file) => code?.test(file.code) === true || file.imports.some(({ of }) => imports?.test(of) === true));
  expect(using).not.toEqual([]);
  expect(using.map(({ path }) => path).filter((path) => !allowed.test(path))).toEqual([]);
});

test('every file that is imported exists', () => {
  const known = new Set(files.map(({ path }) => path));
  const imported = files.flatMap(({ imports }) => imports.map(({ of }) => of)).filter((of) => /^(drizzle|schema|src|test|\.)[/.]/.test(of));
  expect(imported.filter((of) => !known.has(of) && !of.endsWith('.css'))).toEqual([]);
});

test('no file has more than 300 lines', () => {
  const tooLong = [...files, ...sourceFiles(['test'])].filter(({ lines }) => lines > 300);
  expect(tooLong.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
});

test('types, re-exports, effects and calls count as imports; comments do not', () => {
  const text = `
import a from './a.ts';
import type { B } from '../b.ts';
import {
  c, // from './not-c.ts'
  type D,
} from "./c.ts";
import './effect.ts';
import * as e from 'e/f';
export { g } from './g.ts';
export type { H } from './h.ts';
export * from './i.ts';
export const from = 'nowhere'; // import('./not-j.ts')
/** import { k } from './not-k.ts'; */
  /* export * from './not-l.ts' */
const m = await import('./m.ts'), n = require('./n.ts');
type O = import('./o.ts').O;
const url = 'http://example.com/import'; const p = import(\`./p.ts\`);
`;
  const names = ['./a', '../b', './c', './effect', './g', './h', './i', './m', './n', './o', './p'];
  const expected = ['e/f', ...names.map((name) => `src/${name.startsWith('..') ? name.slice(3) : `x/${name.slice(2)}`}.ts`)];
  const { imports } = sourceFile('src/x/y.ts', text);
  expect(imports.map(({ of }) => of).toSorted()).toEqual(expected.toSorted());
  expect(imports.filter(({ dynamic }) => dynamic)).toHaveLength(4);
});

interface Crossing {
  readonly from: string;
  readonly of: string;
  /** The layer that is imported, with ` (dynamic)` for import() of a layer that a static import may not name. */
  readonly to: string;
}

function crossings(from: readonly SourceFile[]): readonly Crossing[] {
  return from
    .flatMap(({ path, imports }) => imports.map((each) => ({ from: path, of: each.of, to: importedLayer(each) })))
    .filter(({ to }) => to !== '');
}

/** The layer of an imported file; `no layer` for a file outside the program, an empty text for a package. */
function importedLayer({ of, dynamic }: Import): string {
  const layer = layerOf(of);
  if (layer === undefined) return /^(drizzle|schema|src|test|\.)[/.]/.test(of) ? 'no layer' : '';
  return layer === 'main' && dynamic ? 'main (dynamic)' : layer;
}

function layerOf(path: string): string | undefined {
  return Object.entries(layers).find(([, { paths }]) =>
    paths.some((prefix) => (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix)),
  )?.[0];
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** The first folder below `src`, or `schema`; the files of `src` itself have none in common. */
function rootOf(path: string): string {
  const [top, next, more] = path.split('/');
  if (top === 'schema') return 'schema';
  return top === 'src' && more !== undefined ? `src/${next}` : path;
}

/** Each group of files that import one another, directly or through others (Tarjan's strongly connected components). */
function fileCircles(): readonly (readonly string[])[] {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports.map(({ of }) => of)]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    lowest.set(path, order.get(path)!);
    stack.push(path);
    for (const next of importsOf.get(path)!) {
      if (!importsOf.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(path, Math.min(lowest.get(path)!, lowest.get(next)!));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1) circles.push(circle);
  };
  for (const path of importsOf.keys()) if (!order.has(path)) visit(path);
  return circles;
}

function fileCount(folder: string): number {
  return readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== 'README.md').length;
}
