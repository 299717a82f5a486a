import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/**
 * Words that docs/glossary.md replaced, as whole words. An identifier counts as the words that it is made of:
 * `undigestedEvents` contains "undigested". A word stands here only where it has no other meaning in this project.
 */
const retired: Readonly<Record<string, string>> = {
  'allowance allowances': 'rate limit',
  'asker askers': 'client',
  'chapter chapters': 'row group',
  'digest digests digested digesting digester undigested': 'block summary, index',
  'door doors': 'adapter, protocol',
  'drawer drawers': 'value index',
  'filing filings unfiled': 'presearch keys, index',
  'footing lineage': 'epoch history',
  'knock knocks knocked': 'connect, request',
  'lane lanes': 'socket writer, parallel commits',
  'mattering plainness': 'result variables, pass-through variables',
  'mend mends mended mending': 'fix',
  'needle needles': 'search term',
  'quarantine quarantined': 'rejected events',
  'refusal refusals refuse refuses refused refusing': 'reject',
  'signature signatures': 'Bloom filter',
  'stretch stretches': 'block, range',
  'tally tallies': 'stats',
  'thinner unpacked': 'deflate, decode',
  'wakeup wakeups': 'notification',
  'whoever whomever somebody anybody nobody': 'the process, client, caller or reader that is meant',
  'tells told': 'reports, returns, logs',
};

/** Names that others gave, and where the old name is the fact: the index tables keep theirs until they are replaced. */
const allowed: readonly { readonly files: RegExp; readonly text: RegExp }[] = [
  { files: /^(src\/store\/|drizzle\/tables\.ts$)/, text: /\b(digests\w*|digest_chapters\w*|chapter_columns\w*)\b/g },
  { files: /^(src\/store\/|drizzle\/tables\.ts$)/, text: /(?<=[.'"(, ])(signature|chapter)(?=['"), :]|$)/gm },
  { files: /./, text: /ECONNREFUSED|createHash\([^)]*\)\s*\.update\([^)]*\)\s*\.digest\([^)]*\)|\.digest\(/g },
];

const root = join(import.meta.dirname, '..', '..');

test.each(proseFiles())('%s has no retired word', (path) => {
  const text = allowed
    .filter(({ files }) => files.test(path))
    .reduce((rest, { text: permitted }) => rest.replaceAll(permitted, ''), readFileSync(join(root, path), 'utf8'));
  const found = text.split('\n').flatMap((line, index) => {
    const words = wordsOf(line).filter((word) => replacements.has(word));
    return words.map((word) => `${path}:${index + 1}: ${word} (say ${replacements.get(word)})`);
  });
  expect(found).toEqual([]);
});

test('identifiers are taken apart into words', () => {
  expect(wordsOf('const undigestedHTTPEvents = SKIP_doors2')).toEqual(['const', 'undigested', 'http', 'events', 'skip', 'doors']);
});

const replacements = new Map(Object.entries(retired).flatMap(([words, instead]) => words.split(' ').map((word) => [word, instead])));

function wordsOf(line: string): readonly string[] {
  const words = line.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [];
  return words.map((word) => word.toLowerCase());
}

/** Sources, schema, table definitions, README, docs and examples. The changelog names old and new. */
function proseFiles(): readonly string[] {
  const folders = ['src', 'schema', 'docs', 'examples'];
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|js|mjs|md|json|graphql|sh|py)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)),
  );
  return [...paths, 'drizzle/tables.ts', 'README.md', 'CONTRIBUTING.md', 'SECURITY.md'].toSorted();
}
