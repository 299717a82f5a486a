// Loaded into a server that is measured: answers what its memory is after garbage was collected, and which calls
// allocated what is held of it.
import { Session } from 'node:inspector/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';

const session = new Session();

const answers = {
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

process.on('message', (question) => void answer(question));
process.channel.unref();

async function answer(question) {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc();
    await pause(50); // what finalizers and closing sockets let go is collected in the next round
  }
  process.send(await answers[question.ask](question));
}
