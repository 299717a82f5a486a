import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const outDir = join(import.meta.dirname, '..', '..', 'dist', 'web');

/** Writes the compressed forms of each file beside it: the server does not compress them again. */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  closeBundle() {
    for (const file of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(?:html|js|css)$/.test(file)) continue;
      const bytes = readFileSync(join(outDir, file));
      writeFileSync(join(outDir, `${file}.gz`), gzipSync(bytes, { level: 9 }));
      writeFileSync(join(outDir, `${file}.br`), brotliCompressSync(bytes));
    }
  },
};

// Builds the page into dist/web. `npx vite src/web` serves it while it is developed, beside a server
// on port 4000.
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [compressed],
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the page may load nothing but files of its own server
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
  },
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true }, '/api': 'http://127.0.0.1:4000' } },
  logLevel: 'warn',
});
