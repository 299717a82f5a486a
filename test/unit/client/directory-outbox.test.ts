import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { directoryOutbox } from '../../../src/client/file-checkpoint.ts';
import type { Outbox, OutboxEntry } from '../../../src/client/tidings-client.ts';

let folder: string;
const opened: Outbox[] = [];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tidings-outbox-'))));
afterEach(() => {
  for (const outbox of opened.splice(0)) void outbox.close();
  rmSync(folder, { recursive: true });
});

function openOutbox(): Outbox {
  const outbox = directoryOutbox(folder);
  opened.push(outbox);
  void outbox.open(() => undefined);
  return outbox;
}

function left(): readonly string[] {
  const entries: OutboxEntry[] = [];
  const outbox = directoryOutbox(folder);
  void outbox.open((found) => entries.push(...found));
  void outbox.remove(entries.map(({ key }) => key));
  void outbox.close();
  return entries.map(({ text }) => text);
}

/** Makes the files look as if their processes had ended long ago. */
function age(): void {
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), 0, 0);
}

test('events that are not done are delivered to the next process, in order; the others are not', () => {
  const outbox = openOutbox();
  const keys = ['{"a":1}', '{"b":2}', '{"c":3}'].map((text) => outbox.add(text).key);
  void outbox.remove(keys.slice(0, 1));
  expect(left()).toEqual([]); // its process runs
  age();
  expect(left()).toEqual(['{"b":2}', '{"c":3}']);
  expect(left()).toEqual([]);
  // The owner was only slow: what it adds afterwards is not lost.
  outbox.add('{"d":4}');
  age();
  expect(left()).toEqual(['{"b":2}', '{"c":3}', '{"d":4}']);
});

test('a file whose events are all done leaves nothing', () => {
  const outbox = openOutbox();
  void outbox.remove([outbox.add('{"a":1}').key]);
  void outbox.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('a line that is not complete was not accepted, and is not delivered', () => {
  const outbox = openOutbox();
  outbox.add('{"a":1}');
  appendFileSync(join(folder, readdirSync(folder)[0]!), '{"b":');
  age();
  expect(left()).toEqual(['{"a":1}']);
});

test('the file of a process that was killed is taken over at once', () => {
  const module = join(import.meta.dirname, '../../../src/client/file-checkpoint.ts');
  const program = `import(${JSON.stringify(module)}).then(({ directoryOutbox }) => {
    const outbox = directoryOutbox(${JSON.stringify(folder)});
    outbox.open(() => undefined);
    outbox.add('{"a":1}');
    process.kill(process.pid, 'SIGKILL');
  });`;
  const { signal } = spawnSync(process.execPath, ['--import', 'tsx', '--eval', program]);
  expect(signal).toBe('SIGKILL');
  expect(left()).toEqual(['{"a":1}']);
});
