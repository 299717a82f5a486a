import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { readSettings } from '../../../src/settings.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { databaseFolder } from './database-folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    embeddedTemplate: string;
    /**
     * The parent of the tests' data folders. An empty folder stays until all tests are done: a
     * server can outlive its folder for a moment, and would hold the lock of the next folder with
     * the same inode.
     */
    dataFolders: string;
  }
}

/**
 * Creates and migrates one embedded database. Tests copy it, which is faster than creating one
 * each.
 */
export default async function setup(project: TestProject): Promise<() => void> {
  const root = mkdtempSync(join(databaseFolder(), 'tidings-test-'));
  const template = join(root, 'template');
  const store = await openStore(readSettings({ DATA_DIR: template }));
  await store[Symbol.asyncDispose]();
  project.provide('embeddedTemplate', template);
  project.provide('dataFolders', root);
  return () => rmSync(root, { recursive: true, force: true });
}
