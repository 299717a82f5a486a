import { describe, expect, test } from 'vitest';
import { sourceFile, sourceFiles, type Import, type SourceFile } from './support/import-graph.ts';

/** The rooms of the house, top to bottom: what stands in each, and which of the others it may import. */
const layers: Readonly<Record<string, { readonly paths: readonly string[]; readonly mayImport: readonly string[] }>> = {
  drizzle: { paths: ['drizzle/'], mayImport: [] },
  errors: { paths: ['src/errors.ts'], mayImport: ['leaves'] },
  leaves: {
    paths: ['src/settings.ts', 'src/setting-types.ts', 'src/metrics.ts', 'src/package-info.ts', 'src/cluster-metrics.ts'],
    mayImport: ['errors'],
  },
  concurrency: { paths: ['src/concurrency/'], mayImport: [] },
  event: { paths: ['src/event/'], mayImport: ['errors'] },
  filter: { paths: ['src/filter/'], mayImport: ['errors', 'event'] },
  'skip-index': { paths: ['src/skip-index/'], mayImport: ['event', 'filter'] },
  counts: { paths: ['src/counts/'], mayImport: ['errors', 'event', 'filter', 'skip-index'] },
  store: {
    paths: ['src/store/'],
    mayImport: ['drizzle', 'errors', 'leaves', 'concurrency', 'event', 'filter', 'skip-index', 'counts'],
  },
  transport: { paths: ['src/transport/'], mayImport: ['errors', 'concurrency'] },
  auth: { paths: ['src/auth/'], mayImport: ['errors', 'concurrency', 'event', 'filter', 'store'] },
  log: { paths: ['src/log/'], mayImport: ['leaves', 'concurrency', 'event', 'store'] },
  maintenance: { paths: ['src/maintenance/'], mayImport: ['leaves', 'concurrency', 'event', 'skip-index', 'store', 'log'] },
  ingest: { paths: ['src/ingest/'], mayImport: ['errors', 'leaves', 'concurrency', 'event', 'filter', 'store', 'auth'] },
  subscriptions: {
    paths: ['src/subscriptions/'],
    mayImport: ['errors', 'leaves', 'concurrency', 'event', 'filter', 'counts', 'store', 'log'],
  },
  adapters: {
    paths: ['src/adapters/'],
    mayImport: ['errors', 'leaves', 'concurrency', 'event', 'filter', 'counts', 'store', 'auth', 'transport', 'ingest', 'subscriptions'],
  },
  schema: { paths: ['schema/'], mayImport: ['errors', 'event', 'filter', 'counts', 'store', 'auth', 'ingest', 'subscriptions'] },
  server: { paths: ['src/server/'], mayImport: ['errors', 'leaves', 'concurrency', 'auth', 'transport', 'subscriptions'] },
  main: {
    paths: ['src/main.ts'],
    mayImport: [
      'drizzle',
      'errors',
      'leaves',
      'concurrency',
      'event',
      'filter',
      'counts',
      'store',
      'transport',
      'auth',
      'log',
      'maintenance',
      'ingest',
      'subscriptions',
      'adapters',
      'schema',
      'server',
    ],
  },
  // The commands do without the server, but for those that start it.
  serve: {
    paths: ['src/cli/serve.ts', 'src/cli/private-server.ts'],
    mayImport: ['errors', 'leaves', 'event', 'commands', 'main (dynamic)'],
  },
  commands: { paths: ['src/cli/'], mayImport: ['errors', 'leaves', 'event', 'serve'] },
  cli: { paths: ['src/cli.ts'], mayImport: ['errors', 'commands', 'serve'] },
};

/** Packages, and what else is one room's business. */
const onlyIn: Readonly<Record<string, { readonly code?: RegExp; readonly imports?: RegExp; readonly files: RegExp }>> = {
  'the database and its driver': { imports: /^(drizzle-orm|postgres)(\/|$)/, files: /^(src\/store|drizzle)\// },
  'the embedded database': { imports: /^@electric-sql\//, files: /^src\/store\/database\/embedded(-worker)?\.[tj]s$/ },
  'the environment': {
    code: /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\[|\benv\b.*'node:process'/,
    files: /^src\/(settings|cli\/(serve|private-server|client\/endpoint))\.ts$/,
  },
  SQL: { code: /\b(sql|client|orm)\s*(<[^>]*>)?\s*`|\bsql\.raw\b|\.unsafe\(|\.orm\b/, files: /^(src\/store|drizzle)\// },
};

const files = sourceFiles(['drizzle', 'schema', 'src']);

describe('who may import whom', () => {
  test('every file stands in a room', () => {
    expect(files.map(({ path }) => path).filter((path) => layerOf(path) === undefined)).toEqual([]);
  });

  test.each(Object.entries(layers))('%s imports nothing but what its room may', (layer, { mayImport }) => {
    const own = files.filter(({ path }) => layerOf(path) === layer);
    expect(own).not.toEqual([]);
    expect(crossings(own).filter(({ to }) => to !== layer && !mayImport.includes(to))).toEqual([]);
  });

  test('only src/main.ts sees both the schema and the server', () => {
    const importsBoth = files.filter((file) => ['schema', 'server'].every((layer) => crossings([file]).some(({ to }) => to === layer)));
    expect(importsBoth.map(({ path }) => path)).toEqual(['src/main.ts']);
  });
});

test.each(Object.entries(onlyIn))('%s: nowhere else', (_what, { code, imports, files: allowed }) => {
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
  /** The room that is entered, with ` (dynamic)` where import() enters a room that imports may not. */
  readonly to: string;
}

function crossings(from: readonly SourceFile[]): readonly Crossing[] {
  return from
    .flatMap(({ path, imports }) => imports.map((each) => ({ from: path, of: each.of, to: enteredLayer(each) })))
    .filter(({ to }) => to !== '');
}

/** The room of a file; a file that is none of the program's is in no room, a package is not to be looked at. */
function enteredLayer({ of, dynamic }: Import): string {
  const layer = layerOf(of);
  if (layer === undefined) return /^(drizzle|schema|src|test|\.)[/.]/.test(of) ? 'no room' : '';
  return layer === 'main' && dynamic ? 'main (dynamic)' : layer;
}

function layerOf(path: string): string | undefined {
  return Object.entries(layers).find(([, { paths }]) =>
    paths.some((prefix) => (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix)),
  )?.[0];
}
