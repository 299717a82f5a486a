import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createTidings } from '../../src/client/tidings-client.ts';

export interface OutboxProof {
  readonly url: string;
  readonly folder: string;
  /** Stops once so many events were accepted. */
  readonly events: number;
  readonly emitters: number;
  /** Time until a process is killed: a random one up to this. */
  readonly maxLifeMs: number;
}

export interface OutboxResult {
  readonly kills: number;
  readonly accepted: number;
  readonly lost: number;
  readonly repeated: number;
}

/**
 * Runs emitters with outboxes in one directory, kills each with SIGKILL again and again, lets the
 * last ones end, and compares what `emit` accepted with the log.
 */
export async function proveOutbox({ url, folder, events, emitters, maxLifeMs }: OutboxProof): Promise<OutboxResult> {
  const outbox = join(folder, 'outbox');
  mkdirSync(outbox);
  const lives: string[] = [];
  const acceptedBy = (life: string): number => statSync(join(folder, life), { throwIfNoEntry: false })?.size ?? 0;
  const accepted = (): number => lives.reduce((sum, life) => sum + acceptedBy(life), 0);
  let kills = 0;
  const start = (count: number) => {
    const life = `life${lives.length}`;
    lives.push(life);
    const program = join(import.meta.dirname, 'outbox-emitter.ts');
    return spawn(process.execPath, ['--import', 'tsx', program, url, outbox, life, join(folder, life), String(count)], {
      stdio: 'inherit',
    });
  };
  const liveAndDie = async (): Promise<void> => {
    while (accepted() < events) {
      const child = start(10_000_000);
      const ended = once(child, 'exit');
      const life = lives.at(-1)!;
      while (acceptedBy(life) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * maxLifeMs));
      child.kill('SIGKILL');
      kills += 1;
      await ended;
    }
  };
  await Promise.all(Array.from({ length: emitters }, liveAndDie));
  // The next processes send what the killed ones left.
  await once(start(1), 'exit');

  await using tidings = createTidings(url);
  const { head } = await tidings.page({ first: 1 });
  const seen = new Map<string, number>();
  const filter = { event: { in: ['outbox.kept'] } };
  for await (const message of tidings.stream(filter, { after: 'beginning', until: head, select: 'id' })) {
    if ('events' in message) for (const { id } of message.events) seen.set(id, (seen.get(id) ?? 0) + 1);
  }
  let lost = 0;
  for (const life of lives) for (let number = 0; number < acceptedBy(life); number += 1) if (!seen.has(`${life}-${number}`)) lost += 1;
  return { kills, accepted: accepted(), lost, repeated: [...seen.values()].filter((count) => count > 1).length };
}
