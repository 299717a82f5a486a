import { chain } from './chain.ts';
import { emit } from './emit.ts';
import { keys } from './keys.ts';
import { serve } from './serve.ts';
import { settings } from './settings.ts';
import { tail } from './tail.ts';
import { top } from './top.ts';

/** A command of the command line. `run` gets the words after its name and resolves with the exit code. */
export interface Command {
  readonly synopsis: string;
  readonly purpose: string;
  run(words: readonly string[]): Promise<number>;
}

export const commands: Readonly<Record<string, Command>> = { serve, emit, tail, top, chain, keys, settings };

export function usage(): string {
  const lines = Object.values(commands).map(({ synopsis, purpose }) => `  ${synopsis}\n      ${purpose}\n`);
  return `Usage:\n${lines.join('')}`;
}
