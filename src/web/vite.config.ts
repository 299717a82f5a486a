import { join } from 'node:path';
import { defineConfig } from 'vite';

// Builds the page into dist/web. `npx vite src/web` serves it while it is developed, beside a server
// on port 4000.
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, '..', '..', 'dist', 'web'),
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
