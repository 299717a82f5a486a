// @ts-check
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';

// Renders and compresses the GraphiQL page, in a thread that ends then: the modules and strings take
// 50 MB, and the event loop would stand still for 120 ms. JavaScript, like embedded-worker.js.
/** @type {import('graphql-yoga').GraphiQLOptions} */
const options = workerData;
const plain = Buffer.from(renderGraphiQL(options));
const gzip = gzipSync(plain);
const hash = createHash('sha256').update(plain).digest('base64url');
// Own copies: the memory of small buffers can be a part of a pool, which cannot be transferred.
const [plainBytes, gzipBytes] = [new Uint8Array(plain), new Uint8Array(gzip)];
parentPort?.postMessage({ plain: plainBytes, gzip: gzipBytes, hash }, [plainBytes.buffer, gzipBytes.buffer]);
