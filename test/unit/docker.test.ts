import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-info.ts';

const read = (name: string): string => readFileSync(join(packageRoot, name), 'utf8');
/** An image with a full version, such as node:22.1.0-bookworm-slim. */
const pinned = /^[a-z]+:\d+\.\d+(\.\d+)?-bookworm(-slim)?$/;

describe('docker-compose.yml', () => {
  const services = read('docker-compose.yml')
    .split(/^ {2}(?=[a-z]+:$)/m)
    .slice(1)
    .filter((each) => /^ {4}(image|build):/m.test(each));

  test('runs every service as a user, with a read-only file system and without privileges', () => {
    expect(services.map((each) => each.split(':')[0])).toEqual(['postgres', 'tidings']);
    for (const service of services) {
      expect(service).toMatch(/^ {4}user: (?!root|0)\w+$/m);
      expect(service).toMatch(/^ {4}read_only: true$/m);
      expect(service).toMatch(/^ {4}tmpfs: \[\/tmp/m);
      expect(service).toMatch(/^ {4}cap_drop: \[ALL\]$/m);
      expect(service).toMatch(/^ {4}security_opt: \['no-new-privileges:true'\]$/m);
      expect(service).not.toMatch(/privileged|cap_add|docker\.sock/);
    }
  });

  test('pins its images', () => {
    expect(services.flatMap((each) => /image: (.*)/.exec(each)?.[1] ?? [])).toEqual([expect.stringMatching(pinned)]);
  });
});

test('the image pins its bases, and runs as a user that owns only /data, which is private', () => {
  const lines = read('Dockerfile').split('\n');
  const bases = lines.flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? []);
  expect(bases).toEqual([expect.stringMatching(pinned), bases[0]]);
  const [, final] = read('Dockerfile')
    .split(/^FROM .*$/m)
    .slice(1);
  expect(final).toMatch(/^USER node$/m);
  expect(final).toMatch(/^RUN install -d -o node -g node -m 700 \/data$/m);
});
