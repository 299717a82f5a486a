import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-info.ts';

export const readmeFile = join(packageRoot, 'README.md');
export const readme = readFileSync(readmeFile, 'utf8');

/** The README's code in one language, in order. */
export function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map((match) => match[1]!);
}

/** The one block of a language that contains this text. */
export function block(language: string, text: string): string {
  const found = blocks(language).filter((each) => each.includes(text));
  if (found.length !== 1) throw new Error(`expected one ${language} block in the README with ${text}, got ${found.length}`);
  return found[0]!;
}
