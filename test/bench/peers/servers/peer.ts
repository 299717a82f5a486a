import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startPostgres, type PostgresServer } from '../../../support/database/postgres-server.ts';
import { processorSeconds } from '../../load.ts';
import type { BenchEvent } from '../../load/emitting.ts';

/** A server that stores events and delivers them, with a database of its own. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Opens a connection that emits. */
  openEmitter(): Promise<Emitter>;
  /** Opens sockets with subscriptions. */
  subscribe(plan: SubscriberPlan): Promise<Disposable>;
  /** Ways to read all events from the first to the last. Each resolves with their number. */
  readonly resume: Readonly<Record<string, (count: number) => Promise<number>>>;
  /** Stores many events, in the fastest way. */
  fill(events: readonly BenchEvent[]): Promise<void>;
  /** Processor seconds of the server and of its database. */
  processorSeconds(): number;
}

export interface Emitter extends Disposable {
  /** Resolves once the events are durable. */
  emit(events: readonly BenchEvent[]): Promise<void>;
}

export interface SubscriberPlan {
  readonly sockets: number;
  /** Subscriptions of each socket, the nth to events of `bench.thing.n`; 0: one to all events. */
  readonly things: number;
  /** Receives an event's number. */
  readonly onEvent: (socket: number, event: number) => void;
}

/** The ids of benchmark events end with their number. */
export function idOf(number: number): string {
  return `bench-${String(number).padStart(9, '0')}`;
}

/** Calls back with the number of each event in the bytes of a message. */
export function eachNumber(chunk: Buffer, [start, end]: readonly [number, number], onNumber: (event: number) => void): void {
  for (let at = chunk.indexOf(idMark, start); at >= 0 && at < end; at = chunk.indexOf(idMark, at + idMark.length)) {
    let number = 0;
    for (let digit = at + idMark.length; digit < at + idMark.length + 9; digit += 1) number = number * 10 + chunk[digit]! - 0x30;
    onNumber(number);
  }
}

/** The topic of an event: its thing, or null if it is no `bench.thing.…`. */
export function thingOf(event: BenchEvent): string | null {
  return event.resource.id.startsWith('bench.thing.') ? event.resource.id.slice('bench.'.length) : null;
}

/** Starts a program that listens on this port. The caller must end it. */
export async function startProgram(command: readonly string[], port: number): Promise<ChildProcess & AsyncDisposable> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output = `${output}${chunk.toString()}`.slice(-1000)));
  for (const began = performance.now(); !(await accepts(port)); await pause(50)) {
    if (child.exitCode !== null || performance.now() - began > maxStartMs) throw new Error(`${command[0]} did not start: ${output}`);
  }
  return Object.assign(child, {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  });
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A temporary Postgres with its processor time, of processes that ended too. */
export async function startMeasuredPostgres(): Promise<PostgresServer & { processorSeconds(): number }> {
  const server = await startPostgres();
  const postmaster = Number(readFileSync(join(server.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  return Object.assign(server, {
    processorSeconds: () => processorSeconds(postmaster) + endedChildren(postmaster) + sum(childrenOf(postmaster).map(processorSeconds)),
  });
}

/** cutime and cstime of proc(5). */
function endedChildren(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function childrenOf(parent: number): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => Number(statOf(pid)[1]) === parent);
}

/** The fields of proc(5) after the name of the program; none of a process that has ended. */
function statOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  } catch {
    return [];
  }
}

function sum(values: readonly number[]): number {
  return values.filter((value) => !Number.isNaN(value)).reduce((total, value) => total + value, 0);
}

const maxStartMs = 60_000;
const idMark = Buffer.from('"bench-');
