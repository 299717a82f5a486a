import { openSync, writeSync } from 'node:fs';
import { createTidings } from '../../src/client/tidings-client.ts';
import { directoryOutbox } from '../../src/client/file-checkpoint.ts';

// Emits events until it is killed, or `count` of them: the ids are `life` and a number. After each
// `emit`, one byte in the file `accepted` says that the event was accepted.
const [url, folder, life, accepted, count] = process.argv.slice(2) as [string, string, string, string, string];
const tidings = createTidings(url, { outbox: directoryOutbox(folder), retry: { minMs: 20, maxMs: 200 }, onProblem: () => undefined });
const file = openSync(accepted, 'a');
const one = Buffer.from('1');
for (let number = 0; number < Number(count); number += 1) {
  await tidings.ready();
  void tidings.emit('outbox.kept', { id: `${life}-${number}`, resource: `outbox.${life}`, payload: { number } });
  writeSync(file, one);
}
await tidings.close({ timeoutMs: 60_000 });
