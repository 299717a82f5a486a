import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-info.ts';

/** The address in the examples. Tests replace it with that of their server. */
export const exampleAddress = '127.0.0.1:4000';

/** The text of a file of the project. */
export function textOf(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8');
}

/** The paths of all files below a folder, sorted. */
export function filesIn(folder: string): readonly string[] {
  const entries = readdirSync(join(packageRoot, folder), { withFileTypes: true });
  const paths = entries.flatMap((entry) => (entry.isDirectory() ? filesIn(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
  return paths.toSorted();
}

/** The GraphQL operations among the examples: path and text. */
export const graphqlExamples = filesIn('examples')
  .filter((path) => path.endsWith('.graphql'))
  .map((path) => [path, textOf(path)] as const);
