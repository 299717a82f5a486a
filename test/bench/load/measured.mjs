// Loaded into a server that is measured: answers what its memory is after garbage was collected.
import { setTimeout as pause } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';

process.on('message', async ({ ask, path }) => {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc();
    await pause(50); // what finalizers and closing sockets let go is collected in the next round
  }
  if (ask === 'snapshot') writeHeapSnapshot(path);
  process.send(process.memoryUsage());
});
process.channel.unref();
