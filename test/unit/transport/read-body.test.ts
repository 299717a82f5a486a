import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { expect, test } from 'vitest';
import { HttpError } from '../../../src/transport/http-error.ts';
import { readBody } from '../../../src/transport/read-body.ts';

const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: (data: Buffer, options?: object) => Buffer };
const {
  ZSTD_c_windowLog: windowLog = 0,
  ZSTD_c_checksumFlag: checksumFlag = 0,
  ZSTD_c_contentSizeFlag: contentSizeFlag = 0,
} = zlib.constants as Readonly<Record<string, number>>;

/** The text of a body with an encoding, or the status and message of its rejection. */
async function read(bytes: Buffer, encoding: string, maxBytes = 100_000): Promise<string> {
  const headers = { 'content-encoding': encoding, 'content-length': String(bytes.length) };
  const request = Object.assign(Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]), { headers });
  try {
    return (await readBody(request as unknown as IncomingMessage, maxBytes)).toString();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return `${error.status} ${error.message}`;
  }
}

const text = 'a body that is compressed '.repeat(100);

test.skipIf(zstdCompressSync !== undefined)(
  'zstd is rejected with the encodings that are accepted where Node does not have it',
  async () => {
    expect(await read(Buffer.from(text), 'zstd')).toBe('415 content-encoding: expected gzip, deflate or none, got "zstd"');
  },
);

test.skipIf(zstdCompressSync === undefined)('zstd is decompressed where Node has it, in any case and within the limit', async () => {
  const compressed = zstdCompressSync!(Buffer.from(text), { params: { [checksumFlag]: 1 } });
  expect(await read(compressed, 'zstd')).toBe(text);
  expect(await read(compressed, 'ZSTD')).toBe(text);
  expect(await read(compressed, 'zstd', text.length - 1)).toMatch(/^413 /);
  expect(await read(zstdCompressSync!(Buffer.alloc(100_000_000)), 'zstd')).toMatch(/^413 /);
  for (let kept = 0; kept < compressed.length; kept += 1)
    expect(await read(compressed.subarray(0, kept), 'zstd')).toBe(
      '422 content-encoding: expected zstd, got invalid data (not one complete frame)',
    );
  for (const more of [compressed, Buffer.from('x')]) expect(await read(Buffer.concat([compressed, more]), 'zstd')).toMatch(/^422 /);
  const damaged = Buffer.from(compressed);
  damaged.fill(0xff, compressed.length - 4);
  expect(await read(damaged, 'zstd')).toMatch(/^422 /);
  expect(await read(Buffer.from(text), 'zstd')).toMatch(/^422 /);
  expect(await read(compressed, 'br')).toBe('415 content-encoding: expected gzip, deflate, zstd or none, got "br"');
});

test.skipIf(zstdCompressSync === undefined)(
  'zstd with a window above 8 MB is rejected, whose memory no limit of bytes bounds',
  async () => {
    const compressed = zstdCompressSync!(Buffer.alloc(40_000_000, text), { params: { [windowLog]: 25 } });
    expect(await read(compressed, 'zstd', 50_000_000)).toMatch(/^422 /);
  },
);

test.skipIf(zstdCompressSync === undefined)('zstd frames of every layout are complete', async () => {
  for (const bytes of [0, 1, 255, 256, 70_000, 300_000]) {
    for (const params of [{}, { [checksumFlag]: 1 }, { [contentSizeFlag]: 0 }]) {
      for (const fill of [() => 'a', (at: number) => String.fromCharCode(32 + ((at * at * 7919) % 90))]) {
        const body = Array.from({ length: bytes }, (_, at) => fill(at)).join('');
        expect(await read(zstdCompressSync!(Buffer.from(body), { params }), 'zstd', 400_000)).toBe(body);
      }
    }
  }
});
