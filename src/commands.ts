import { chain } from './cli/chain.ts';
import { emit } from './cli/emit/emit.ts';
import { keys } from './cli/keys.ts';
import { serve } from './cli/serve.ts';
import { settings } from './cli/settings.ts';
import { tail } from './cli/tail.ts';
import { top } from './cli/top/top.ts';

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
