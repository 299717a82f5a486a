import { readSettings } from '../config.ts';
import type { Command } from './commands.ts';

export const serve: Command = {
  synopsis: 'serve',
  purpose: 'starts the server; settings come from the environment',
  async run() {
    const settings = readSettings(process.env);
    const { startTidings } = await import('../main.ts'); // the other commands start without it
    const tidings = await startTidings(settings);
    const stopped = new Promise((stop) => {
      process.once('SIGTERM', stop);
      process.once('SIGINT', stop);
    });
    const database = tidings.database === 'embedded' ? `the embedded database in ${settings.dataDir}` : 'Postgres';
    const { url } = tidings;
    process.stdout.write(`Tidings is ready on ${database}: GraphQL and GraphiQL at ${url}/graphql, health at ${url}/readyz\n`);

    await stopped;
    // A second signal, or a stop that hangs, ends the process at once.
    process.once('SIGTERM', () => process.exit(1));
    process.once('SIGINT', () => process.exit(1));
    setTimeout(() => process.exit(1), longestStopMs).unref();
    await tidings[Symbol.asyncDispose]();
    return 0;
  },
};

const longestStopMs = 9500;
