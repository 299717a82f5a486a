import cluster from 'node:cluster';
import { TidingsError } from '../errors.ts';
import { readSettings } from '../settings.ts';
import { readOptions } from './terminal/args.ts';
import type { Command } from './terminal/command.ts';
import { runWorkers } from './workers.ts';

export const serve: Command = {
  synopsis: 'serve',
  purpose: 'Starts the server with the settings of the environment; "tidings settings" lists them.',
  options: {},
  async run(args) {
    readOptions(args, { synopsis: usage, options: {} });
    const settings = readSettings(process.env);
    if (settings.workers > 1 && settings.databaseUrl === null) throw oneWorkerOnly();
    if (settings.workers > 1 && cluster.isPrimary) {
      return runWorkers(settings.workers, ({ port }) => printReady(`Postgres (${settings.workers} processes)`, urlOf(settings.host, port)));
    }
    // Otherwise graphql-js tests at each use of a type whether two copies of it are loaded.
    process.env['NODE_ENV'] ??= 'production';
    const { startTidings } = await import('../main.ts'); // imported only here: it is large, and other commands do not need it
    const tidings = await startTidings(settings);
    const signalled = new Promise<null>((stop) => {
      process.once('SIGTERM', () => stop(null));
      process.once('SIGINT', () => stop(null));
      process.once('disconnect', () => stop(null)); // a worker whose primary process has exited
    });
    process.channel?.unref(); // a process manager that keeps its channel open must not keep this process alive
    const database = tidings.database === 'embedded' ? `the embedded database in ${settings.dataDir}` : 'Postgres';
    if (cluster.isPrimary) printReady(database, tidings.url);

    const failure = await Promise.race([signalled, tidings.outdated]);
    // A second signal ends the process at once, and so does a shutdown that takes too long.
    process.once('SIGTERM', () => process.exit(1));
    process.once('SIGINT', () => process.exit(1));
    setTimeout(() => process.exit(1), maxShutdownMs).unref();
    await tidings[Symbol.asyncDispose]();
    if (failure !== null) throw failure;
    return 0;
  },
};

function oneWorkerOnly(): TidingsError {
  const message =
    'TIDINGS_WORKERS: expected 1 for the embedded database, which serves one process. Unset it, or set DATABASE_URL to a Postgres database.';
  return new TidingsError('CANNOT_START', message);
}

function printReady(database: string, url: string): void {
  process.stdout.write(`Tidings is ready on ${database}: GraphQL and GraphiQL at ${url}/graphql, health at ${url}/readyz\n`);
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** An argument such as --port is rejected: the server would start, and not listen there. */
const usage = 'serve. Settings come from the environment, such as PORT=5000; "tidings settings" lists them';
const maxShutdownMs = 9500;
