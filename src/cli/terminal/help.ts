import type { Command, Option } from './command.ts';

/** Whether the arguments of a command contain `--help` or `-h` before a `--`. */
export function isHelpRequested(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? args.length : end).some((arg) => arg === '--help' || arg === '-h');
}

/** The help of the program: its commands. */
export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ synopsis, purpose }) => [synopsis.split(' [')[0] ?? '', purpose] as const);
  return `Usage: tidings COMMAND [OPTIONS]\n\nCommands:\n${table(rows)}\n"tidings COMMAND --help" prints the options of a command.\n`;
}

/** The help of a command: usage, purpose and options. */
export function commandHelp({ synopsis, purpose, options }: Command): string {
  const rows = [...Object.entries(options).map(optionRow), ['-h, --help', 'Prints this help.'] as const];
  return `Usage: tidings ${synopsis}\n\n${purpose}\n\nOptions:\n${table(rows)}`;
}

type Row = readonly [string, string];

function optionRow([name, option]: readonly [string, Option]): Row {
  const repeatable = option.multiple ? ' Repeatable.' : '';
  const fallback = typeof option.default === 'string' ? ` Default: ${option.default}` : '';
  return [`--${name}${option.value === undefined ? '' : ` ${option.value}`}`, `${option.meaning}${repeatable}${fallback}`];
}

function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([start]) => start.length));
  return rows.map(([start, text]) => `  ${start.padEnd(width)}  ${text}\n`).join('');
}
