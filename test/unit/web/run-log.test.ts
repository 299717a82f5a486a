import { expect, test } from 'vitest';
import { runLogOf, type RunEvent } from '../../../src/web/resource/run-log.ts';

const run = { id: 'prefect.flow-run.1', name: 'brave-otter', stateMessage: '' };
const task = { id: 'prefect.task-run.7', name: 'load-1', stateMessage: '' };
const at = (second: number, event: string, more: Partial<RunEvent>): RunEvent => ({
  id: `${second}`,
  occurred: `2026-11-29T10:57:0${second}.000000Z`,
  event,
  resource: { ...run, state: null },
  message: null,
  level: null,
  levelName: null,
  ...more,
});

test('a flow run has its states, task runs and log in order', () => {
  const events = [
    at(0, 'prefect.flow-run.Pending', { resource: { ...run, state: 'PENDING' } }),
    at(1, 'prefect.flow-run.Running', { resource: { ...run, state: 'RUNNING' } }),
    at(2, 'prefect.log.write', { resource: { ...run, name: null, state: null }, message: 'starting', level: 20, levelName: 'INFO' }),
    at(3, 'prefect.task-run.Running', { resource: { ...task, state: 'RUNNING' } }),
    at(4, 'prefect.log.write', { resource: { ...task, name: null, state: null }, message: 'no header,\nusing the default', level: 30 }),
    at(5, 'prefect.flow-run.heartbeat', {}),
    at(6, 'prefect.task-run.AwaitingRetry', { resource: { ...task, state: 'SCHEDULED', stateMessage: 'connection reset' } }),
    at(7, 'prefect.task-run.Failed', { resource: { ...task, state: 'FAILED' } }),
    at(8, 'prefect.log.write', { message: { any: 'thing' }, level: 'high' }),
    at(9, 'prefect.flow-run.Completed', { resource: { ...run, state: 'COMPLETED' } }),
  ];
  const { flowRun, taskRuns, lines } = runLogOf(run.id, events);
  expect(flowRun.name).toBe('brave-otter');
  expect(flowRun.states.map(({ name, tone }) => `${name} ${tone}`)).toEqual(['Pending calm', 'Running active', 'Completed good']);
  expect(flowRun.micros).toBe(8_000_000);
  expect(taskRuns.map(({ name, states, micros }) => [name, states.map((state) => `${state.name} ${state.tone}`), micros])).toEqual([
    ['load-1', ['Running active', 'AwaitingRetry warn', 'Failed bad'], 4_000_000],
  ]);
  expect(lines.map(({ level, tone, source, message }) => `${level} ${tone} ${source}: ${message}`)).toEqual([
    'Pending calm brave-otter: ',
    'Running active brave-otter: ',
    'INFO calm brave-otter: starting',
    'Running active load-1: ',
    'WARNING warn load-1: no header,\nusing the default',
    'AwaitingRetry warn load-1: connection reset',
    'Failed bad load-1: ',
    'LOG calm brave-otter: {"any":"thing"}',
    'Completed good brave-otter: ',
  ]);
});

test('a run without any event yet has its id as its name', () => {
  expect(runLogOf(run.id, []).flowRun).toEqual({ id: run.id, name: run.id, states: [], micros: null });
});
