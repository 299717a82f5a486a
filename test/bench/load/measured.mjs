// Loaded into a measured server. Reports its memory after garbage collection, and the calls that
// allocated the retained memory.
import { Session } from 'node:inspector/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';

const session = new Session();

const handlers = {
  memory: async () => process.memoryUsage(),
  async snapshot({ path }) {
    writeHeapSnapshot(path);
    return null;
  },
  async beginSites() {
    session.connect();
    await session.post('HeapProfiler.startSampling', { samplingInterval: 512, stackDepth: 64 });
    return null;
  },
  async sites() {
    const { profile } = await session.post('HeapProfiler.stopSampling');
    return profile.head;
  },
};

process.on('message', (message) => void handle(message));
process.channel.unref();

async function handle(message) {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc();
    await pause(50); // the next round collects memory released by finalizers and closing sockets
  }
  process.send(await handlers[message.request](message));
}
