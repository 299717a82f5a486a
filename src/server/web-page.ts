import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { packageRoot } from '../package-info.ts';
import { StaticPage } from '../transport/static-page.ts';

/** The built page of src/web. */
export interface WebPage {
  /** The file at a path of an address; undefined if the page has none there. */
  fileAt(path: string): StaticPage | undefined;
}

/**
 * Reads the page that `npm run build` has made, with its compressed forms. It is small, and held in
 * memory once. Returns null if it is not built.
 */
export function readWebPage(folder = join(packageRoot, 'dist', 'web')): WebPage | null {
  if (!existsSync(join(folder, 'index.html'))) return null;
  const files = new Map<string, StaticPage>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const path = `/${name.replaceAll('\\', '/')}`;
    // The build puts a hash of the content into the names of assets.
    files.set(path === '/index.html' ? '/' : path, new StaticPage(bytesOf(join(folder, name)), type, path.startsWith('/assets/')));
  }
  return { fileAt: (path) => files.get(path) };
}

function bytesOf(file: string): { plain: Buffer; gzip: Buffer | null; brotli: Buffer | null; hash: string } {
  const read = (suffix: string): Buffer | null => (existsSync(file + suffix) ? readFileSync(file + suffix) : null);
  const plain = readFileSync(file);
  return { plain, gzip: read('.gz'), brotli: read('.br'), hash: createHash('sha256').update(plain).digest('base64url') };
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.md': 'text/plain; charset=utf-8',
};

/** The page runs its own scripts only, and connects to its own server only. */
export const webPagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
