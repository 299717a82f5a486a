import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Outbox, OutboxEntry } from './outbox.ts';

/**
 * Keeps events in files of a directory, which several processes can share.
 *
 * Guarantees: an event that `emit` has accepted survives the end of the process, also kill -9. It is
 * sent by the next process that opens the directory, at the latest `staleMs` after the end.
 * Does not guarantee that it survives a power failure: nothing is synced.
 *
 * Each process appends to a file of its own: a line for each event, and "-n" for n events that are
 * done, which are always the first ones. A process takes over the files of processes that have
 * ended: of this host by their process id, of others by their last sign of life. If that was wrong,
 * events are sent twice, which is harmless, and the owner notices that its file is gone.
 */
export function directoryOutbox(directory: string): Outbox {
  const ownName = `${hostname()}-${process.pid}-${crypto.randomUUID()}${extension}`;
  const ownPath = join(directory, ownName);
  /** The events of the own file that are not done, in order. */
  const pending: string[] = [];
  let file: number | null = null;
  let size = 0;
  let heartbeat: NodeJS.Timeout | undefined;
  /** Files of ended processes, with the number of events that are not done. */
  const adopted = new Map<string, number>();

  const append = (line: string): void => {
    file ??= openSync(ownPath, 'a');
    const bytes = Buffer.from(line);
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
      size += bytes.length;
    } catch (error) {
      ftruncateSync(file, size); // the disk is full: no half line stays
      throw error;
    }
  };
  /** Writes the events that are not done to a new file, which replaces the own one. */
  const rewrite = (): void => {
    const path = `${ownPath}.new`;
    const next = openSync(path, 'w');
    const bytes = Buffer.from(pending.map((text) => `${text}\n`).join(''));
    for (let written = 0; written < bytes.length;) written += writeSync(next, bytes, written);
    renameSync(path, ownPath);
    if (file !== null) closeSync(file);
    [file, size] = [next, bytes.length];
  };
  const adopt = (deliver: (entries: readonly OutboxEntry[]) => void): void => {
    for (const name of readdirSync(directory)) {
      if (!name.endsWith(extension) || name === ownName || adopted.has(name) || !hasEnded(directory, name)) continue;
      const path = join(directory, `${hostname()}-${process.pid}-${crypto.randomUUID()}${extension}`);
      try {
        renameSync(join(directory, name), path); // of several processes, one succeeds
        utimesSync(path, new Date(), new Date());
      } catch {
        continue;
      }
      const texts = unfinished(readFileSync(path, 'utf8'));
      adopted.set(path, texts.length);
      if (texts.length === 0) unlinkSync(path);
      deliver(texts.map((text) => ({ key: path, text })));
    }
  };

  return {
    open(deliver) {
      mkdirSync(directory, { recursive: true });
      adopt(deliver);
      heartbeat = setInterval(() => {
        const now = new Date();
        for (const path of [ownPath, ...adopted.keys()]) touch(path, now);
        try {
          adopt(deliver);
        } catch {
          // The directory is gone, or cannot be read at the moment. `add` reports that.
        }
      }, heartbeatMs);
      heartbeat.unref();
    },
    add(text) {
      if (file !== null && fstatSync(file).nlink === 0) rewrite();
      append(`${text}\n`);
      pending.push(text);
      return { key: null };
    },
    remove(keys) {
      let own = 0;
      for (const key of keys) {
        if (typeof key !== 'string') {
          own += 1;
          continue;
        }
        const left = (adopted.get(key) ?? 0) - 1;
        adopted.set(key, left);
        if (left === 0) remove(key);
      }
      pending.splice(0, own);
      if (file === null || own === 0) return;
      if (pending.length === 0) {
        ftruncateSync(file, 0);
        size = 0;
      } else if (size > maxFileBytes) rewrite();
      else append(`-${own}\n`);
    },
    close() {
      clearInterval(heartbeat);
      if (file === null) return;
      closeSync(file);
      if (pending.length === 0) remove(ownPath);
      file = null;
    },
  };
}

/** The events of a file that are not done. The last line can be incomplete: that event was not accepted. */
function unfinished(content: string): readonly string[] {
  const lines = content.split('\n').slice(0, -1);
  const done = lines.reduce((sum, line) => sum - (line.startsWith('-') ? Number(line) : 0), 0);
  return lines.filter((line) => !line.startsWith('-')).slice(done);
}

function hasEnded(directory: string, name: string): boolean {
  const [, host, pid] = /^(.*)-(\d+)-[0-9a-f]{8}-[0-9a-f-]{27}\.outbox$/.exec(name) ?? [];
  try {
    if (Date.now() - statSync(join(directory, name)).mtimeMs > staleMs) return true;
    if (host !== hostname() || Number(pid) === process.pid) return false;
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function touch(path: string, now: Date): void {
  try {
    utimesSync(path, now, now);
  } catch {
    // Not created yet, or taken over.
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Taken over by another process, which removes it.
  }
}

const extension = '.outbox';
const heartbeatMs = 10_000;
/** A process without a sign of life for so long has ended. */
const staleMs = 60_000;
/** Beyond, the file is written anew with what is not done: at most the queue's bytes. */
const maxFileBytes = 64_000_000;
