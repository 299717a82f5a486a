import { errorCodes } from '../../../src/errors.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { settingTable } from '../../../src/settings.ts';
import { textOf } from '../../support/examples.ts';

/** A metric of this program, as prom-client describes it. */
export interface DescribedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** All metrics: this program's and Node's. */
export const allMetrics = createMetrics().registry.getMetricsAsArray() as unknown as readonly DescribedMetric[];
export const ownMetrics = allMetrics.filter(({ name }) => name.startsWith('tidings_'));

/** A page as it has to be: `<!-- file: PATH -->` followed by that file, `<!-- NAME -->` followed by that table. */
export function renderPage(text: string): string {
  const withFiles = text.replace(
    /<!-- file: (\S+) -->\n(?:```\w*\n[\s\S]*?```\n)?/g,
    (_, path: string) => `<!-- file: ${path} -->\n\`\`\`${languageOf(path)}\n${textOf(path)}\`\`\`\n`,
  );
  return Object.entries(tables).reduce(
    (page, [name, table]) =>
      page.replace(new RegExp(`<!-- ${name} -->.*<!-- /${name} -->`, 's'), () => `<!-- ${name} -->\n${table()}<!-- /${name} -->`),
    withFiles,
  );
}

/** The targets of a page's links and images. */
export function linksOf(text: string): readonly string[] {
  return Array.from(withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g), ([, target]) => target!);
}

/** The anchors that GitHub gives to a page's headings. */
export function anchorsOf(text: string): readonly string[] {
  return Array.from(withoutCode(text).matchAll(/^#+ (.+)$/gm), ([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** A page without its code blocks. */
export function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

const tables: Readonly<Record<string, () => string>> = {
  settings: () =>
    tableOf(
      ['setting', 'default', 'meaning'],
      Object.values(settingTable).map(({ name, fallback, meaning }) => [
        code(name),
        fallback === null ? '(unset)' : code(String(fallback)),
        meaning,
      ]),
    ),
  metrics: () =>
    tableOf(
      ['metric', 'kind', 'labels', 'meaning'],
      ownMetrics.map(({ name, help, type, labelNames }) => [code(name), type, labelNames.map(code).join(', '), help]),
    ),
  // CANNOT_START reaches no client.
  errors: () =>
    tableOf(
      ['code', 'meaning'],
      Object.entries(errorCodes).filter(([name]) => name !== 'CANNOT_START'),
    ),
};

function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function code(text: string): string {
  return `\`${text}\``;
}

function languageOf(path: string): string {
  const extension = path.slice(path.lastIndexOf('.') + 1);
  return languages[extension] ?? extension;
}

const languages: Readonly<Record<string, string>> = { mjs: 'js', py: 'python', ndjson: 'json' };
