// Preloaded into a server by `node --import`. Measures the processor time that its main thread uses
// between two turns of the event loop: other programs do not count, unlike in the metrics of a delay.
// Answers each message of the parent process with the longest such time since the last one, in ms.
import { openSync, readSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.send !== undefined) {
  // The first number is the time that the main thread was on a processor, in ns.
  const file = openSync('/proc/self/schedstat', 'r');
  const bytes = Buffer.alloc(100);
  const usedMs = () => Number.parseInt(bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0)), 10) / 1e6;
  let longest = 0;
  let before = usedMs();
  const tick = () => {
    const used = usedMs();
    longest = Math.max(longest, used - before);
    before = used;
  };
  setInterval(tick, 1).unref();
  process.on('message', () => {
    tick();
    process.send(longest);
    longest = 0;
  });
}
