import { WebSocket } from 'ws';
import { createTidings } from '../../src/client/tidings-client.ts';

// A loop whose body is slow at first, so that all other events wait: checks the order, and prints
// how much its memory grew. Arguments: address, transport, number of stored events.
const [url, transport, count] = process.argv.slice(2) as [string, 'sse' | 'websocket', string];
await using tidings = createTidings(url, { transport, ...(transport === 'websocket' && { webSocket: WebSocket }) });
let subscriptions = 0;
const stream = tidings.events(
  { event: { in: ['bench.slow'] } },
  { after: 'beginning', onState: ({ is }) => void (is === 'connecting' && (subscriptions += 1)) },
);
let [base, peak, seen] = [0, 0, 0];
for await (const { payload } of stream) {
  if (payload['n'] !== seen) throw new Error(`expected event ${seen}, got ${String(payload['n'])}`);
  if (seen === 0) base = process.memoryUsage().rss;
  // 5 s in which everything else waits, then slower than the network.
  if (seen < 500 || seen % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  if (seen % 100 === 0) peak = Math.max(peak, process.memoryUsage().rss);
  if ((seen += 1) === Number(count)) break;
}
const growth = `memory grew from ${(base / 1e6).toFixed(0)} MB by at most ${((peak - base) / 1e6).toFixed(0)} MB`;
console.log(`${seen} events in order over ${transport}, ${subscriptions} subscriptions; ${growth}`);
