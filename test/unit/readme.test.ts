import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { settingTable } from '../../src/settings.ts';
import { fromDocument } from '../../src/event/document.ts';
import { errorCodes } from '../../src/errors.ts';
import { packageRoot } from '../../src/package-info.ts';
import { blocks, readme, readmeFile } from '../support/readme.ts';

describe('the README', () => {
  test.each(blocks('graphql').map((block) => [/\w+ (\w+)/.exec(block)![1]!, block]))(
    'has a GraphQL example %s that the schema accepts',
    (_name, block) => {
      expect(validate(schema, parse(block)).map((error) => error.message)).toEqual([]);
    },
  );

  test('has six examples, and one more to ask why', () => {
    expect(blocks('graphql')).toHaveLength(7);
  });

  test('has an event document that is one', () => {
    for (const block of blocks('json')) expect(fromDocument(JSON.parse(block)).resource).toMatchObject({ id: 'acme.order.4711' });
  });

  test('has npm commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
    for (const [, script] of readme.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty(script!);
  });

  test('lists every setting', () => {
    const rows = Object.values(settingTable).map(
      ({ name, fallback, meaning }) => `| \`${name}\` | ${fallback === null ? '(unset)' : `\`${String(fallback)}\``} | ${meaning} |\n`,
    );
    const table = `<!-- settings -->\n| setting | default | meaning |\n| --- | --- | --- |\n${rows.join('')}<!-- /settings -->`;
    const current = /<!-- settings -->.*<!-- \/settings -->/s;
    if (process.env['UPDATE_README'] !== undefined)
      writeFileSync(
        readmeFile,
        readme.replace(current, () => table),
      );
    else expect(current.exec(readme)?.[0], 'UPDATE_README=1 npx vitest run --project unit test/unit/readme.test.ts').toBe(table);
  });

  test('lists every error code that a client can get', () => {
    for (const [code, meaning] of Object.entries(errorCodes)) {
      if (code !== 'CANNOT_START') expect(readme).toContain(`| ${code} | ${meaning} |`);
    }
  });
});
