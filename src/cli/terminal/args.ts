import { parseArgs } from 'node:util';
import { TidingsError } from '../../errors.ts';
import type { Options } from './command.ts';

export interface ArgsSpec<T extends Options> {
  readonly synopsis: string;
  readonly options: T;
}

/** Parses the arguments of a command. Throws BAD_USER_INPUT, with the usage, if one is unknown. */
export function readArgs<const T extends Options>(args: readonly string[], { synopsis, options }: ArgsSpec<T>) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const reason = error.message.split('. ')[0]?.split('\n')[0] ?? '';
    throw invalidArgs(reason, synopsis);
  }
}

/** Parses the arguments of a command that takes options only. Throws BAD_USER_INPUT, with the usage. */
export function readOptions<const T extends Options>(args: readonly string[], spec: ArgsSpec<T>) {
  const { values, positionals } = readArgs(args, spec);
  if (positionals.length > 0) throw invalidArgs(`Expected options only, got ${JSON.stringify(positionals[0])}`, spec.synopsis);
  return values;
}

/** The error for invalid arguments, with the usage of the command. */
export function invalidArgs(reason: string, synopsis: string): TidingsError {
  return new TidingsError('BAD_USER_INPUT', `${reason.replace(/\.$/, '')}. Usage: tidings ${synopsis}`);
}

/** Reads a whole number of at least 1. */
export function readCount(option: string, given: string): number {
  if (/^[1-9]\d{0,14}$/.test(given)) return Number(given);
  throw new TidingsError('BAD_USER_INPUT', `--${option}: expected a whole number of at least 1, got ${JSON.stringify(given)}.`);
}

/** Reads a duration such as 2s, 500ms or 1m, from 100 ms to one hour, in milliseconds. */
export function readDuration(option: string, given: string): number {
  const [, amount, unit] = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m)$/.exec(given) ?? [];
  const ms = Number(amount) * (unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000);
  if (ms >= 100 && ms <= 3_600_000) return ms;
  throw new TidingsError('BAD_USER_INPUT', `--${option}: expected a duration from 100ms to 60m, such as 2s, got ${JSON.stringify(given)}.`);
}
