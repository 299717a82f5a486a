import { describe, expect, test } from 'vitest';
import { sourceFile, sourceFiles, type Import, type SourceFile } from './support/import-graph.ts';

/** The rooms of the house, top to bottom: what stands in each, and which of the others it may import. */
const rooms: Readonly<Record<string, { readonly holds: readonly string[]; readonly mayImport: readonly string[] }>> = {
  drizzle: { holds: ['drizzle/'], mayImport: [] },
  errors: { holds: ['src/errors.ts'], mayImport: ['leaves'] },
  leaves: {
    holds: ['src/settings.ts', 'src/setting-types.ts', 'src/metrics.ts', 'src/package-info.ts', 'src/cluster-metrics.ts'],
    mayImport: ['errors'],
  },
  concurrency: { holds: ['src/concurrency/'], mayImport: [] },
  event: { holds: ['src/event/'], mayImport: ['errors'] },
  filter: { holds: ['src/filter/'], mayImport: ['errors', 'event'] },
  'skip-index': { holds: ['src/skip-index/'], mayImport: ['event', 'filter'] },
  counts: { holds: ['src/counts/'], mayImport: ['errors', 'event', 'filter', 'skip-index'] },
  store: {
    holds: ['src/store/'],
    mayImport: ['drizzle', 'errors', 'leaves', 'concurrency', 'event', 'filter', 'skip-index', 'counts'],
  },
  transport: { holds: ['src/transport/'], mayImport: ['errors', 'concurrency'] },
  auth: { holds: ['src/auth/'], mayImport: ['errors', 'concurrency', 'event', 'filter', 'store'] },
  log: { holds: ['src/log/'], mayImport: ['leaves', 'concurrency', 'event', 'store'] },
  maintenance: { holds: ['src/maintenance/'], mayImport: ['leaves', 'concurrency', 'event', 'skip-index', 'store', 'log'] },
  ingest: { holds: ['src/ingest/'], mayImport: ['errors', 'leaves', 'concurrency', 'event', 'filter', 'store', 'auth'] },
  subscriptions: {
    holds: ['src/subscriptions/'],
    mayImport: ['errors', 'leaves', 'concurrency', 'event', 'filter', 'counts', 'store', 'log'],
  },
  adapters: {
    holds: ['src/adapters/'],
    mayImport: ['errors', 'leaves', 'concurrency', 'event', 'filter', 'counts', 'store', 'auth', 'transport', 'ingest', 'subscriptions'],
  },
  schema: { holds: ['schema/'], mayImport: ['errors', 'event', 'filter', 'counts', 'store', 'auth', 'ingest', 'subscriptions'] },
  server: { holds: ['src/server/'], mayImport: ['errors', 'leaves', 'concurrency', 'auth', 'transport', 'subscriptions'] },
  main: {
    holds: ['src/main.ts'],
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
    holds: ['src/cli/serve.ts', 'src/cli/private-server.ts'],
    mayImport: ['errors', 'leaves', 'event', 'commands', 'main (dynamic)'],
  },
  commands: { holds: ['src/cli/'], mayImport: ['errors', 'leaves', 'event', 'serve'] },
  cli: { holds: ['src/cli.ts'], mayImport: ['errors', 'commands', 'serve'] },
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
    expect(files.map(({ path }) => path).filter((path) => roomOf(path) === undefined)).toEqual([]);
  });

  test.each(Object.entries(rooms))('%s imports nothing but what its room may', (room, { mayImport }) => {
    const own = files.filter(({ path }) => roomOf(path) === room);
    expect(own).not.toEqual([]);
    expect(crossings(own).filter(({ to }) => to !== room && !mayImport.includes(to))).toEqual([]);
  });

  test('only src/main.ts sees both the schema and the server', () => {
    const seesBoth = files.filter((file) => ['schema', 'server'].every((room) => crossings([file]).some(({ to }) => to === room)));
    expect(seesBoth.map(({ path }) => path)).toEqual(['src/main.ts']);
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
  const longest = [...files, ...sourceFiles(['test'])].filter(({ lines }) => lines > 300);
  expect(longest.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
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
    .flatMap(({ path, imports }) => imports.map((each) => ({ from: path, of: each.of, to: entered(each) })))
    .filter(({ to }) => to !== '');
}

/** The room of a file; a file that is none of the program's is in no room, a package is not to be looked at. */
function entered({ of, dynamic }: Import): string {
  const room = roomOf(of);
  if (room === undefined) return /^(drizzle|schema|src|test|\.)[/.]/.test(of) ? 'no room' : '';
  return room === 'main' && dynamic ? 'main (dynamic)' : room;
}

function roomOf(path: string): string | undefined {
  return Object.entries(rooms).find(([, { holds }]) =>
    holds.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place)),
  )?.[0];
}
