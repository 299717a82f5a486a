import { accessSync, chmodSync, constants, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { TidingsError } from '../../errors.ts';

/**
 * Creates the data folder, or opens an existing one, and makes it private: it contains all events
 * and the hashes of keys.
 *
 * Guarantees: only the user of this process can enter the folder, and only that user can read the
 * files that this process creates from now on (umask). A folder that was open to other users is
 * closed, and the log says so. Throws CANNOT_START if the folder belongs to another user, who could
 * replace the files in it, or is open and has files of other programs.
 * Does not guarantee: anything on Windows, or on file systems without permissions.
 */
export function openDataDir(folder: string, logger: Pick<Logger, 'warn'>): void {
  if (process.platform !== 'win32') process.umask(process.umask() | 0o077);
  makeWritable(folder);
  if (process.platform !== 'win32') makePrivate(folder, logger);
}

/** The folder of the database files in the data folder. */
export function databaseFolder(dataDir: string): string {
  return join(dataDir, databaseName);
}

/** Closes the files of the database to other users: PGlite creates some with permissions for all. */
export function makeFilesPrivate(dataDir: string): void {
  if (process.platform === 'win32') return;
  const folder = databaseFolder(dataDir);
  closeToOthers(folder);
  for (const each of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!each.isSymbolicLink()) closeToOthers(join(each.parentPath, each.name));
  }
}

function makeWritable(folder: string): void {
  try {
    makeFolders(resolve(folder));
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw cannotStart(`cannot write to ${folder} (${codeOf(error)}). Make it writable, or set DATA_DIR to a writable folder.`);
  }
}

/**
 * Creates a folder and those above it. Why not the option `recursive`? In Node 20 to 24 it never ends
 * where the parent exists and takes no folder, such as /proc.
 */
function makeFolders(folder: string): void {
  if (isFolder(folder)) return;
  makeFolders(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!isFolder(folder)) throw error; // another start has created it
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function makePrivate(folder: string, logger: Pick<Logger, 'warn'>): void {
  const { uid, mode } = statSync(folder);
  if (uid !== process.getuid?.()) {
    throw cannotStart(
      `${folder} belongs to user ${uid}, and this process runs as user ${process.getuid?.()}. Run as its owner, or set DATA_DIR to a new folder in it, such as ${join(folder, 'tidings')}.`,
    );
  }
  if ((mode & othersMask) === 0) return;
  const permissions = (mode & 0o7777).toString(8);
  const names = readdirSync(folder);
  // A shared folder such as /tmp or a home must not be closed to its other users.
  if (names.some((name) => name !== 'lost+found') && !names.includes(databaseName)) {
    throw cannotStart(
      `other users can access ${folder} (mode ${permissions}), and it contains files of other programs. Run "chmod 700" on it, or set DATA_DIR to a new folder.`,
    );
  }
  closeToOthers(folder);
  const closed = (statSync(folder).mode & othersMask) === 0;
  logger.warn(
    closed
      ? `DATA_DIR: other users could access ${folder} (mode ${permissions}); it now has mode 700.`
      : `DATA_DIR: other users can access ${folder} (mode ${permissions}), since its file system does not keep permissions.`,
  );
}

function closeToOthers(path: string): void {
  const { mode } = statSync(path);
  if ((mode & othersMask) === 0) return;
  try {
    chmodSync(path, mode & 0o700);
  } catch (error) {
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'ENOTSUP') throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function cannotStart(text: string): TidingsError {
  return new TidingsError('CANNOT_START', `DATA_DIR: ${text}`);
}

const databaseName = 'pglite';
/** The permissions of the group and of all other users. */
const othersMask = 0o077;
