import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { fromDocument } from '../../src/event/document.ts';
import { problemCodes } from '../../src/event/problem.ts';
import { validateEvent } from '../../src/event/validate.ts';
import { packageRoot } from '../../src/package-info.ts';
import { readSettings } from '../../src/settings.ts';
import { filesIn, graphqlExamples, textOf } from '../support/examples.ts';
import { anchorsOf, linksOf, renderPage, withoutCode } from './support/pages.ts';

const docs = filesIn('docs').filter((path) => path.endsWith('.md'));
const pages = ['README.md', ...docs];
const texts = [...pages, 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'examples/README.md', 'src/README.md', 'test/README.md'];
const examples = filesIn('examples').filter((path) => path !== 'examples/README.md');

describe('the pages', () => {
  test.each(pages)('%s shows examples and tables as the files and the code have them', (page) => {
    const [text, rendered] = [textOf(page), renderPage(textOf(page))];
    if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(join(packageRoot, page), rendered);
    else expect(text, 'update it with UPDATE_DOCS=1 npm run test:unit').toBe(rendered);
  });

  test.each([
    ['docs/operations.md', 'settings'],
    ['docs/operations.md', 'metrics'],
    ['docs/errors.md', 'errors'],
  ])('%s has the table of %s', (page, table) => {
    expect(textOf(page)).toMatch(new RegExp(`<!-- ${table} -->\n\\|.*\\|\n<!-- /${table} -->`, 's'));
  });

  test('README has at most 200 lines', () => {
    expect(textOf('README.md').split('\n').length - 1).toBeLessThanOrEqual(200);
  });

  test('docs/errors.md explains every code of a user error, in the order of the schema', () => {
    const codes = Array.from(textOf('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \| [A-Z].*\. \|$/gm), ([, code]) => code);
    expect(codes).toEqual([...problemCodes]);
  });

  test.each(texts)('%s links to pages, files and headings that exist', (page) => {
    for (const link of linksOf(textOf(page)).filter((each) => !/^https?:/.test(each))) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : normalize(join(dirname(page), path));
      expect(existsSync(join(packageRoot, target)), `${page} links to ${link}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(textOf(target)), `${page} links to ${link}`).toContain(anchor);
    }
  });

  test.each(texts)('%s names files that exist', (page) => {
    const paths = textOf(page).match(/(?<![\w./-])(?:src|test|schema|drizzle|docs|examples)\/[\w./-]+\.\w+/g) ?? [];
    expect(paths.filter((path) => !existsSync(join(packageRoot, path)))).toEqual([]);
  });

  test.each(texts)('%s names npm commands of package.json', (page) => {
    const { scripts } = JSON.parse(textOf('package.json'));
    for (const [, script] of textOf(page).matchAll(/npm run (?:--silent )?([a-z][\w:]*)/g)) expect(scripts).toHaveProperty([script!]);
  });

  test('README and docs/README.md list every page', () => {
    const linked = (page: string): string[] => linksOf(textOf(page)).map((link) => normalize(join(dirname(page), link)));
    const overview = docs.filter((page) => page !== 'docs/README.md' && !/^docs\/decisions\/\d/.test(page));
    expect(overview.filter((page) => !linked('docs/README.md').includes(page))).toEqual([]);
    expect(overview.filter((page) => !linked('README.md').includes(page))).toEqual([]);
    const decisions = docs.filter((page) => /^docs\/decisions\/\d/.test(page));
    expect(decisions.filter((page) => !linked('docs/decisions/README.md').includes(page))).toEqual([]);
  });

  test.each(texts)('%s has no line of text that is hard to read in a terminal', (page) => {
    const long = withoutCode(textOf(page))
      .split('\n')
      .filter((line) => line.length > 130 && !line.startsWith('|'));
    expect(long).toEqual([]);
  });
});

describe('the examples', () => {
  const orders = textOf('examples/events/two-orders.ndjson').trimEnd().split('\n');

  test('each is shown on a page', () => {
    const shown = new Set(pages.flatMap((page) => Array.from(textOf(page).matchAll(/<!-- file: (\S+) -->/g), ([, path]) => path)));
    expect(examples.filter((path) => !shown.has(path))).toEqual([]);
  });

  test.each(graphqlExamples)('%s is accepted by the schema', (_path, text) => {
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  });

  test.each<readonly [string, string]>([
    ['acme.order.4711', textOf('examples/events/order-shipped.json')],
    ...orders.map((line) => ['acme.order.4712', line] as const),
  ])('an event document of %s is valid', (id, text) => {
    const event = fromDocument(JSON.parse(text));
    expect(event.resource).toMatchObject({ id });
    expect(validateEvent(event, [], readSettings({}))).not.toHaveProperty('problems');
  });
});
