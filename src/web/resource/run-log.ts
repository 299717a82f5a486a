import { microsOf } from '../text/durations.ts';

/** What is shown of an event of a Prefect flow run. */
export interface RunEvent {
  readonly id: string;
  readonly occurred: string;
  readonly event: string;
  readonly resource: {
    readonly id: string;
    readonly name: string | null;
    readonly state: string | null;
    readonly stateMessage: string | null;
  };
  readonly message: unknown;
  readonly level: unknown;
  readonly levelName: unknown;
}

export type Tone = 'good' | 'bad' | 'warn' | 'active' | 'calm';

/** A state of a run, from one event to the next. */
export interface RunState {
  readonly eventId: string;
  /** As Prefect names it: Running, AwaitingRetry. */
  readonly name: string;
  readonly tone: Tone;
  readonly occurred: string;
  readonly message: string | null;
}

/** A flow run or a task run. */
export interface Run {
  readonly id: string;
  readonly name: string;
  readonly states: readonly RunState[];
  /** From the first Running on to the final state; null while there is none. */
  readonly micros: number | null;
}

export interface LogLine {
  readonly eventId: string;
  readonly occurred: string;
  /** The resource that wrote it. */
  readonly source: string;
  readonly level: string;
  readonly tone: Tone;
  readonly message: string;
  readonly isState: boolean;
}

export interface RunLog {
  readonly flowRun: Run;
  /** In the order of their first event. */
  readonly taskRuns: readonly Run[];
  /** Log events and changes of state, in order. */
  readonly lines: readonly LogLine[];
}

export const runEventPrefixes = ['prefect.flow-run.', 'prefect.task-run.', 'prefect.log.write'];

/** The states, task runs and log of a flow run, from its events, the oldest first. */
export function runLogOf(flowRunId: string, events: readonly RunEvent[]): RunLog {
  const runs = new Map<string, { name: string; states: RunState[] }>([[flowRunId, { name: flowRunId, states: [] }]]);
  for (const { id: eventId, occurred, event, resource } of events) {
    if (event === logEvent || !/^prefect\.(flow|task)-run\.[^.]+$/.test(event)) continue;
    const run = runs.get(resource.id) ?? { name: resource.id, states: [] };
    runs.set(resource.id, run);
    if (resource.name !== null) run.name = resource.name;
    const name = event.slice(event.lastIndexOf('.') + 1);
    if (name === heartbeat) continue;
    run.states.push({ eventId, name, tone: toneOf(name, resource.state), occurred, message: resource.stateMessage || null });
  }
  const all = Array.from(runs, ([id, { name, states }]): Run => ({ id, name, states, micros: durationOf(states) }));
  const names = new Map(all.map(({ id, name }) => [id, name]));
  const lines = events.flatMap((event) => lineOf(event, names.get(event.resource.id) ?? event.resource.name ?? event.resource.id));
  return { flowRun: all[0] as Run, taskRuns: all.slice(1), lines };
}

function lineOf({ id, occurred, event, resource, message, level, levelName }: RunEvent, source: string): readonly LogLine[] {
  const line = { eventId: id, occurred, source };
  if (event === logEvent) {
    const severity = typeof level === 'number' ? level : 0;
    const tone = severity >= 40 ? 'bad' : severity >= 30 ? 'warn' : 'calm';
    const text = typeof message === 'string' ? message : JSON.stringify(message ?? null);
    return [{ ...line, level: typeof levelName === 'string' ? levelName : nameOfLevel(severity), tone, message: text, isState: false }];
  }
  const name = event.slice(event.lastIndexOf('.') + 1);
  if (name === heartbeat) return [];
  return [{ ...line, level: name, tone: toneOf(name, resource.state), message: resource.stateMessage ?? '', isState: true }];
}

/** Prefect takes its levels from Python's logging. */
function nameOfLevel(severity: number): string {
  return (
    { 10: 'DEBUG', 20: 'INFO', 30: 'WARNING', 40: 'ERROR', 50: 'CRITICAL' }[severity] ?? (severity === 0 ? 'LOG' : `LEVEL ${severity}`)
  );
}

/** By the type of the state, which is one of nine; its name can be chosen freely. */
function toneOf(name: string, type: string | null): Tone {
  if (/retry|late|paused|suspended/i.test(name)) return 'warn';
  switch (type ?? name.toUpperCase()) {
    case 'COMPLETED':
      return 'good';
    case 'FAILED':
    case 'CRASHED':
      return 'bad';
    case 'CANCELLED':
    case 'CANCELLING':
    case 'PAUSED':
      return 'warn';
    case 'RUNNING':
      return 'active';
    default:
      return 'calm';
  }
}

function durationOf(states: readonly RunState[]): number | null {
  const start = states.find(({ name }) => name === 'Running') ?? states[0];
  const end = states.at(-1);
  if (start === undefined || end === undefined || !['good', 'bad'].includes(end.tone)) return null;
  return microsOf(end.occurred) - microsOf(start.occurred);
}

const logEvent = 'prefect.log.write';
const heartbeat = 'heartbeat';
