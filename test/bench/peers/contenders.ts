import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import postgres from 'postgres';
import { openLeanPoster, type LeanPoster } from '../load/lean-post.ts';
import { startServer } from '../load/servers.ts';
import { installPostGraphile, startPostGraphile } from './postgraphile.ts';
import type { Answer, Operation, ReadCase } from './read-case.ts';

export type ContenderName = 'Tidings' | 'PostGraphile' | 'SQL';

/** Servers over one database, and a connection to each. */
export interface Contenders extends AsyncDisposable {
  /** Those that could be started. */
  readonly names: readonly ContenderName[];
  /** Resolves with 'no such query' or 'too slow' where there is no answer. */
  ask(name: ContenderName, question: ReadCase): Promise<Answer>;
}

/** Maximum time of a statement of a rival. Tidings has limits of its own. */
export const tooSlowMs = 20_000;

export async function startContenders(url: string, wanted: readonly ContenderName[]): Promise<Contenders> {
  const stack = new AsyncDisposableStack();
  const posters = new Map<ContenderName, LeanPoster>();
  const open = async (name: ContenderName, server: { readonly url: string } & AsyncDisposable): Promise<void> => {
    stack.use(server);
    posters.set(name, stack.use(await openLeanPoster(server.url)));
  };
  if (wanted.includes('Tidings')) await open('Tidings', await startServer('Tidings', { environment: { DATABASE_URL: url } }));
  if (wanted.includes('PostGraphile')) {
    const folder = await installPostGraphile();
    const limited = `${url}${url.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c statement_timeout=${tooSlowMs}`)}`;
    if (folder !== null) await open('PostGraphile', await startPostGraphile(folder, limited));
  }
  const sql = postgres(url, { max: 1, connection: { statement_timeout: tooSlowMs } });
  stack.defer(() => sql.end());
  await sql`select 1`;

  const post = async (name: ContenderName, operation: Operation): Promise<Answer> => {
    const { data, errors } = JSON.parse(await posters.get(name)!.post(JSON.stringify(operation)));
    if (errors === undefined) return data;
    const text = JSON.stringify(errors);
    if (/statement timeout|LIMIT_EXCEEDED/.test(text)) return 'too slow';
    throw new Error(`${name}: ${text.slice(0, 500)}`);
  };
  return {
    names: wanted.filter((name) => name === 'SQL' || posters.has(name)),
    async ask(name, { tidings, postGraphile, sql: statement }) {
      if (name === 'SQL') {
        try {
          return [...(await sql.unsafe(statement))];
        } catch (error) {
          if (String(error).includes('statement timeout')) return 'too slow';
          throw error;
        }
      }
      const operation = name === 'Tidings' ? tidings : postGraphile;
      return operation === null || !posters.has(name) ? 'no such query' : post(name, operation);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
