#!/usr/bin/env node
import { commands, usage } from './commands.ts';
import { TidingsError } from './errors.ts';

// The command line: `tidings COMMAND …`. Expected errors are one sentence; exit code 1, or 2 for wrong words.
const [name = 'help', ...words] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(usage());
  process.exitCode = ['help', '--help', '-h'].includes(name) ? 0 : 2;
} else {
  try {
    process.exitCode = await command.run(words);
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.code === 'BAD_USER_INPUT' ? 2 : 1;
  }
}
