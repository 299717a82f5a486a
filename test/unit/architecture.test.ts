import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sourceFile, sourceFiles, type Import, type SourceFile } from './support/import-graph.ts';

/** The layers, bottom to top: the files of each, and the other layers that it may import. */
const layers: Readonly<Record<string, { readonly paths: readonly string[]; readonly mayImport: readonly string[] }>> = {
  drizzle: { paths: ['drizzle/'], mayImport: [] },
  errors: { paths: ['src/errors.ts'], mayImport: ['leaves'] },
  leaves: {
    paths: [
      'src/settings.ts',
      'src/setting-types.ts',
      'src/origins.ts',
      'src/postgres-url.ts',
      'src/metrics.ts',
      'src/package-info.ts',
      'src/cluster-metrics.ts',
    ],
    mayImport: ['errors'],
  },
  json: { paths: ['src/json/'], mayImport: [] },
  concurrency: { paths: ['src/concurrency/'], mayImport: [] },
  event: { paths: ['src/event/'], mayImport: ['json', 'errors'] },
  filter: { paths: ['src/filter/'], mayImport: ['json', 'errors', 'event'] },
  'skip-index': { paths: ['src/skip-index/'], mayImport: ['json', 'event', 'filter'] },
  counts: { paths: ['src/counts/'], mayImport: ['json', 'errors', 'event', 'filter', 'skip-index'] },
  store: {
    paths: ['src/store/'],
    mayImport: ['json', 'drizzle', 'errors', 'leaves', 'concurrency', 'event', 'filter', 'skip-index', 'counts'],
  },
  transport: { paths: ['src/transport/'], mayImport: ['json', 'errors', 'concurrency'] },
  auth: { paths: ['src/auth/'], mayImport: ['json', 'errors', 'concurrency', 'event', 'filter', 'store'] },
  log: { paths: ['src/log/'], mayImport: ['leaves', 'concurrency', 'event', 'store'] },
  maintenance: { paths: ['src/maintenance/'], mayImport: ['leaves', 'concurrency', 'event', 'skip-index', 'store', 'log'] },
  ingest: { paths: ['src/ingest/'], mayImport: ['errors', 'leaves', 'concurrency', 'event', 'filter', 'store', 'auth'] },
  subscriptions: {
    paths: ['src/subscriptions/'],
    mayImport: ['json', 'errors', 'leaves', 'concurrency', 'event', 'filter', 'counts', 'store', 'log'],
  },
  adapters: {
    paths: ['src/adapters/'],
    mayImport: [
      'json',
      'errors',
      'leaves',
      'concurrency',
      'event',
      'filter',
      'counts',
      'store',
      'auth',
      'transport',
      'ingest',
      'subscriptions',
    ],
  },
  schema: { paths: ['schema/'], mayImport: ['json', 'errors', 'event', 'filter', 'counts', 'store', 'auth', 'ingest', 'subscriptions'] },
  server: { paths: ['src/server/'], mayImport: ['json', 'errors', 'leaves', 'concurrency', 'auth', 'transport', 'subscriptions'] },
  main: {
    paths: ['src/main.ts', 'src/epoch-session.ts'],
    mayImport:
      'drizzle errors leaves concurrency event filter counts store transport auth log maintenance ingest subscriptions adapters schema server'.split(
        ' ',
      ),
  },
  // Published on its own: it imports nothing of the server.
  client: { paths: ['src/client/'], mayImport: [] },
  // Commands do not load the server, except those that start it.
  serve: {
    paths: ['src/cli/serve.ts', 'src/cli/private-server.ts'],
    mayImport: ['errors', 'leaves', 'event', 'commands', 'main (dynamic)'],
  },
  commands: { paths: ['src/cli/'], mayImport: ['json', 'errors', 'leaves', 'event', 'client', 'serve'] },
  cli: { paths: ['src/cli.ts'], mayImport: ['errors', 'commands', 'serve'] },
};

/**
 * The folders inside a layer: which others of the same layer each may import. A folder that is not listed imports none.
 * Together with the table above this excludes every arrow back up.
 */
const folders: Readonly<Record<string, readonly string[]>> = {
  'src/filter/parse': ['src/filter'],
  'src/filter/explain': ['src/filter', 'src/filter/parse'],
  'src/skip-index': ['src/skip-index/columns'],
  'src/counts/columnar': ['src/counts'],
  'src/store/filter-sql': ['src/store/database'],
  'src/store/log': ['src/store/database', 'src/store/filter-sql'],
  'src/store/skip-index': ['src/store/database', 'src/store/filter-sql', 'src/store/log'],
  'src/store/queries': ['src/store/database', 'src/store/filter-sql', 'src/store/log', 'src/store/skip-index'],
  'src/store/counts': ['src/store/database', 'src/store/filter-sql', 'src/store/log', 'src/store/skip-index', 'src/store/queries'],
  'src/store/retention': ['src/store/database', 'src/store/log', 'src/store/skip-index', 'src/store/queries'],
  'src/store': ['src/store/database', 'src/store/log'],
  'src/subscriptions': ['src/subscriptions/matching'],
  'src/subscriptions/stream': ['src/subscriptions', 'src/subscriptions/matching'],
  'src/subscriptions/counts': ['src/subscriptions', 'src/subscriptions/matching'],
  'src/server/graphql/subscribe': ['src/server/graphql/limits'],
  'src/server/graphql': ['src/server/graphql/limits', 'src/server/graphql/subscribe'],
  'src/server': ['src/server/graphql', 'src/server/graphql/limits', 'src/server/graphql/subscribe'],
  'src/adapters/cloudevents': ['src/adapters'],
  'src/adapters/prefect': ['src/adapters'],
  'src/adapters/prefect/http': ['src/adapters', 'src/adapters/prefect'],
  'src/adapters/prefect/socket': ['src/adapters', 'src/adapters/prefect'],
  'src/client/follow': ['src/client/wire'],
  'src/client/emission': ['src/client', 'src/client/wire'],
  'src/client': ['src/client/wire', 'src/client/follow', 'src/client/emission'],
  'src/cli/client': ['src/cli/terminal'],
  'src/cli/emit': ['src/cli/terminal', 'src/cli/client'],
  'src/cli/top': ['src/cli/terminal', 'src/cli/client'],
  'src/cli': ['src/cli/terminal', 'src/cli/client'],
  'schema/events': ['schema'],
  'schema/counts': ['schema', 'schema/events'],
  'schema/admin': ['schema', 'schema/events'],
  schema: ['schema/events', 'schema/counts', 'schema/admin'],
};

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
  expect(imported.filter((of) => !known.has(of))).toEqual([]);
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
