import { once } from 'node:events';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { WebSocket } from 'ws';
import { freePort } from './free-port.ts';
import { startProcess, type ServerProcess } from './process.ts';

/** A server process whose memory can be measured after garbage collection. */
export interface InspectedServer extends AsyncDisposable, ServerProcess {
  /** Bytes in use by the main thread: the heap and external memory such as buffers. */
  memory(): Promise<number>;
  /** Returns the sum of a metric's values. */
  metric(name: string): Promise<number>;
}

export async function startInspected(environment: Readonly<Record<string, string>>): Promise<InspectedServer> {
  await using stack = new AsyncDisposableStack();
  const inspectorPort = await freePort();
  const server = await startProcess({ ...environment, NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}` });
  stack.defer(async () => {
    if (server.child.exitCode !== null || server.child.signalCode !== null) return;
    const exit = once(server.child, 'exit');
    server.child.kill('SIGKILL');
    await exit;
  });
  const targets = (await (await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)).json()) as { webSocketDebuggerUrl: string }[];
  const inspector = new WebSocket(targets[0]!.webSocketDebuggerUrl, { perMessageDeflate: false });
  stack.defer(() => inspector.terminate());
  await once(inspector, 'open');
  let lastId = 0;
  const callInspector = async (method: string, params: object = {}): Promise<any> => {
    const id = (lastId += 1);
    const result = new Promise<any>((resolve) => {
      const onMessage = (data: Buffer): void => {
        const message = JSON.parse(data.toString());
        if (message.id !== id) return;
        inspector.off('message', onMessage);
        resolve(message.result);
      };
      inspector.on('message', onMessage);
    });
    inspector.send(JSON.stringify({ id, method, params }));
    return result;
  };
  await callInspector('HeapProfiler.enable');

  const inUse = async (): Promise<number> => {
    await callInspector('HeapProfiler.collectGarbage');
    const expression = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())';
    return (await callInspector('Runtime.evaluate', { expression, returnByValue: true })).result.value as number;
  };
  const memory = async (): Promise<number> => {
    // One collection can make memory collectable for the next, and closing sockets take time.
    let lowest = await inUse();
    for (let round = 0, idle = 0; round < 40 && idle < 3; round += 1) {
      const now = await inUse();
      idle = now > lowest - 50_000 ? idle + 1 : 0;
      lowest = Math.min(lowest, now);
    }
    return lowest;
  };
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map((match) => Number(match[1]));
    if (values.length === 0) throw new Error(`the server has no metric ${name}`);
    return values.reduce((sum, value) => sum + value, 0);
  };
  const owned = stack.move();
  return { ...server, memory, metric, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}
