import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../package-info.ts';

export const migrationsFolder = join(packageRoot, 'drizzle', 'migrations');

/** The version of the schema that this program knows: the time of its latest migration. */
export function knownSchemaVersion(): number {
  const journal = JSON.parse(readFileSync(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')) as { entries: { when: number }[] };
  return Math.max(...journal.entries.map((entry) => entry.when));
}
