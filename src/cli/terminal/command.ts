import type { ParseArgsConfig } from 'node:util';

/** The options of a command, by name. */
export type Options = Readonly<Record<string, Option>>;

/** An option for `parseArgs`, with its description. */
export type Option = NonNullable<ParseArgsConfig['options']>[string] & {
  /** The name of its value in the help. */
  readonly value?: string;
  readonly meaning: string;
};

/** A command of the command line. */
export interface Command {
  /** The usage, without the name of the program. */
  readonly synopsis: string;
  /** One or two sentences. */
  readonly purpose: string;
  readonly options: Options;
  /** Runs with the arguments after the name of the command. Resolves with the exit code. */
  run(args: readonly string[]): Promise<number>;
}
