#!/usr/bin/env node
import { chain } from './cli/chain.ts';
import { demo } from './cli/demo/demo.ts';
import { emit } from './cli/emit/emit.ts';
import { keys } from './cli/keys.ts';
import { serve } from './cli/serve.ts';
import { settings } from './cli/settings.ts';
import { tail } from './cli/tail.ts';
import type { Command } from './cli/terminal/command.ts';
import { commandHelp, generalHelp, isHelpRequested } from './cli/terminal/help.ts';
import { ignoreClosedOutput } from './cli/terminal/output.ts';
import { top } from './cli/top/top.ts';
import { TidingsError } from './errors.ts';

const commands: Readonly<Record<string, Command>> = { serve, emit, tail, top, chain, demo, keys, settings };

// The command line: `tidings COMMAND …`. An expected error is one sentence on standard error, with
// the exit code 1, or 2 for invalid arguments.
const [name = 'help', ...args] = process.argv.slice(2);
process.exitCode = await runCommand(name, args);

async function runCommand(name: string, args: readonly string[]): Promise<number> {
  if (['help', '--help', '-h'].includes(name)) return print(generalHelp(Object.values(commands)));
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) return fail(`Unknown command ${JSON.stringify(name)}. "tidings --help" lists the commands.`, 2);
  if (isHelpRequested(args)) return print(commandHelp(command));
  try {
    return await command.run(args);
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    return fail(error.message, error.code === 'BAD_USER_INPUT' ? 2 : 1);
  }
}

function print(text: string): number {
  ignoreClosedOutput();
  process.stdout.write(text);
  return 0;
}

function fail(sentence: string, code: number): number {
  process.stderr.write(`${sentence}\n`);
  return code;
}
