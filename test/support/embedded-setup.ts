import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { readSettings } from '../../src/config.ts';
import { openStore } from '../../src/store/open.ts';

declare module 'vitest' {
  interface ProvidedContext {
    embeddedTemplate: string;
  }
}

/** One new embedded database, migrated and stopped; each test begins with a copy, which is faster than a new one. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-template-'));
  const store = await openStore(readSettings({ DATA_DIR: folder }));
  await store[Symbol.asyncDispose]();
  project.provide('embeddedTemplate', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
