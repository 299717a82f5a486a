import type { EventCandidate } from '../../../src/event/event.ts';

/**
 * A workload like that of Prefect's server: state changes of flow runs, about 1 KB of JSON each.
 * Each has three related resources, of which few are distinct. A million events have about 180,000
 * distinct resources. A seed always yields the same events.
 *
 * Some events are there to be searched for: `rare.…` (20), `medium.…` (1,000, evenly distributed),
 * and `old.…` (every other event of the first tenth, and none later). In 20, the name says Completed
 * and the payload Pending: each is common, and they occur together in no other event.
 */
export function* workload(count: number, { seed = 1, from = '2026-10-25T00:00:00.000Z', everyMs = 2592 } = {}): Generator<EventCandidate> {
  const random = mulberry32(seed);
  const start = Date.parse(from);
  const flows = Array.from({ length: 60 }, (_, n) => ({ id: uuid(random), name: `flow-${n}` }));
  const deployments = Array.from({ length: 200 }, (_, n) => ({ id: uuid(random), name: `deployment-${n}` }));
  const queue = uuid(random);
  const runs: Run[] = [];
  for (let index = 0; index < count; index += 1) {
    while (runs.length < 20) {
      runs.push({
        id: uuid(random),
        name: `${pick(random, adjectives)}-${pick(random, animals)}`,
        flow: flows[Math.floor(random() ** 2 * flows.length)]!,
        deployment: deployments[Math.floor(random() ** 2 * deployments.length)]!,
        left: 4 + Math.floor(random() * 4),
        state: 0,
        last: null,
      });
    }
    const at = Math.floor(random() * runs.length);
    const run = runs[at]!;
    const kind = kindOf(index, count);
    const drawn = states[Math.min(run.state, 3 + Math.floor(random() ** 2 * 4))]!;
    const mixed = isMixed(index, count);
    const state = mixed ? 'Completed' : drawn;
    const validated = mixed ? 'Pending' : state;
    const before = states[Math.max(0, run.state - 2)]!;
    const occurred = `${new Date(start + index * everyMs).toISOString().slice(0, -1)}${String(Math.floor(random() * 1000)).padStart(3, '0')}Z`;
    const id = uuid(random);
    yield {
      id,
      occurred,
      event: kind === null ? `prefect.flow-run.${state}` : `${kind}.job.${state}`,
      resource: {
        id: kind === null ? `prefect.flow-run.${run.id}` : `${kind}.job.1`,
        name: run.name,
        labels: {
          'prefect.state-message': kind === null ? '' : `said by ${kind}things`,
          'prefect.state-name': state,
          'prefect.state-timestamp': occurred,
          'prefect.state-type': state.toUpperCase(),
          region: kind === null ? pick(random, regions) : `${kind}-region-1`,
        },
      },
      related: [
        { id: `prefect.flow.${run.flow.id}`, role: 'flow', name: run.flow.name },
        { id: `prefect.deployment.${run.deployment.id}`, role: 'deployment', name: run.deployment.name },
        kind === null
          ? { id: `prefect.work-queue.${queue}`, role: 'work-queue', name: 'default' }
          : { id: `${kind}.owner.1`, role: `${kind}-owner`, name: kind },
      ],
      payload: {
        intended: { from: before.toUpperCase(), to: state.toUpperCase() },
        initial_state: { type: before.toUpperCase(), name: before },
        validated_state: { type: validated.toUpperCase(), name: validated },
        run_count: run.state,
        duration: Math.round(random() * 1e6) / 1000,
        ...(kind === null ? {} : { ticket: `${kind}-4711` }),
      },
      follows: run.last,
    };
    run.last = id;
    run.state += 1;
    run.left -= 1;
    if (run.left <= 0) runs.splice(at, 1);
  }
}

type Kind = 'rare' | 'medium' | 'old';

function kindOf(index: number, count: number): Kind | null {
  if (index % Math.max(1, Math.floor(count / 20)) === 17) return 'rare';
  if (index % Math.max(1, Math.floor(count / 1000)) === 7) return 'medium';
  return index < count / 10 && index % 2 === 0 ? 'old' : null;
}

/** Those have the name of a flow run, since their indexes are none of `kindOf`. */
function isMixed(index: number, count: number): boolean {
  return index % Math.max(1, Math.floor(count / 20)) === 29 && kindOf(index, count) === null;
}

interface Run {
  readonly id: string;
  readonly name: string;
  readonly flow: { readonly id: string; readonly name: string };
  readonly deployment: { readonly id: string; readonly name: string };
  left: number;
  state: number;
  last: string | null;
}

const states = ['Scheduled', 'Pending', 'Running', 'Completed', 'Failed', 'Crashed', 'Cancelled'];
const regions = ['eu-west-1', 'us-east-1', 'ap-south-1'];
const adjectives = 'amber brave calm daring eager fancy gentle happy icy jolly keen lively merry noble olive proud quick shiny tidy'.split(
  ' ',
);
const animals = 'ant bear crow deer eagle fox goat hawk ibis jay koala lion mole newt otter puma quail rook swan tiger'.split(' ');

function pick(random: () => number, values: readonly string[]): string {
  return values[Math.floor(random() * values.length)]!;
}

function uuid(random: () => number): string {
  const hex = Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Mulberry32, a small generator of random numbers from 0 to 1. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
