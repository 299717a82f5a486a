#!/usr/bin/env node
import { TidingsError } from './errors.ts';
import { chain } from './cli/chain.ts';
import { emit } from './cli/emit/emit.ts';
import { keys } from './cli/keys.ts';
import { serve } from './cli/serve.ts';
import { settings } from './cli/settings.ts';
import { tail } from './cli/tail.ts';
import { top } from './cli/top/top.ts';
import type { Command } from './cli/terminal/command.ts';

const commands: Readonly<Record<string, Command>> = { serve, emit, tail, top, chain, keys, settings };

// The command line: `tidings COMMAND …`. Expected errors are one sentence; exit code 1, or 2 for wrong words.
const [name = 'help', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(usage());
  process.exitCode = ['help', '--help', '-h'].includes(name) ? 0 : 2;
} else {
  try {
    process.exitCode = await command.run(args);
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.code === 'BAD_USER_INPUT' ? 2 : 1;
  }
}

function usage(): string {
  const lines = Object.values(commands).map(({ synopsis, purpose }) => `  ${synopsis}\n      ${purpose}\n`);
  return `Usage:\n${lines.join('')}`;
}
