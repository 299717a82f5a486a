import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { parseArgs } from 'node:util';
import { median, printMachine } from '../load/program.ts';
import { liveCases } from './live-cases.ts';
import { startCentrifugo } from './servers/centrifugo.ts';
import { startNats } from './servers/nats.ts';
import type { Peer } from './servers/peer.ts';
import { startPostGraphilePeer } from './servers/postgraphile-peer.ts';
import { startTidings } from './servers/tidings.ts';

// Measures emitting one event at a time, catching up, latency and fan-out, beside PostGraphile, NATS
// JetStream (syncs always) and Centrifugo with Postgres, in turns, medians of the rounds:
//   npm run bench peers/live
//   npm run build && npx tsx test/bench/peers/live.ts [--rounds 3] [--seconds 4]
//     [--events 100000] [--only 'fan-out'] [--peers Tidings,NATS]
// Each peer has a database of its own, new in each case. "µs" is the processor time of the server
// and its database for an event, or for a message to a client. Clients run on the same machine.
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    events: { type: 'string', default: '100000' },
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: 'Tidings,PostGraphile,NATS,Centrifugo' },
  },
});
const peers: Readonly<Record<string, () => Promise<Peer | null>>> = {
  Tidings: startTidings,
  PostGraphile: startPostGraphilePeer,
  NATS: startNats,
  Centrifugo: startCentrifugo,
};

printMachine();
for (const { name, measure } of liveCases({ seconds: Number(values.seconds), events: Number(values.events) })) {
  if (name.includes(values.only)) await compare(name, measure);
}
printMachine();

type Measure = ReturnType<typeof liveCases>[number]['measure'];

/** Measures the peers in turns. One that fails is reported, and left out of the later rounds. */
async function compare(name: string, measure: Measure): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const measured = new Map<string, Readonly<Record<string, number>>[]>();
  const turns: { readonly peer: Peer; readonly run: () => Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> }[] = [];
  for (const [peerName, start] of Object.entries(peers)) {
    if (!values.peers.split(',').includes(peerName)) continue;
    const peer = await start();
    if (peer !== null) turns.push({ peer: stack.use(peer), run: await measure(peer, stack) });
  }
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const { peer, run } of turns) {
      for (const [way, row] of Object.entries(await run())) {
        const key = way === '' ? peer.name : `${peer.name} ${way}`;
        measured.set(key, [...(measured.get(key) ?? []), row]);
      }
    }
  }
  console.log(`\n${name}`);
  for (const [key, rows] of measured) {
    const cells = Object.keys(rows[0]!).map((column) => `${column} ${rounded(median(rows.map((row) => row[column]!)))}`.padEnd(24));
    console.log(`  ${key.padEnd(22)}${cells.join('')}`.trimEnd());
  }
}

function rounded(value: number): string {
  return value.toPrecision(Math.max(3, Math.ceil(Math.log10(value)))).replace(/\.0+$/, '');
}
