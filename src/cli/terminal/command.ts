/** A command of the command line. `run` gets the words after its name and resolves with the exit code. */
export interface Command {
  readonly synopsis: string;
  readonly purpose: string;
  run(args: readonly string[]): Promise<number>;
}
