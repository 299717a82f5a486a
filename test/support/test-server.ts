import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type Client } from 'graphql-ws';
import postgres from 'postgres';
import { inject } from 'vitest';
import { WebSocket } from 'ws';
import { readSettings } from '../../src/settings.ts';
import { startTidings, type Tidings } from '../../src/main.ts';
import type { ConnectionTimeouts } from '../../src/transport/socket-lifecycle.ts';
import type { DocumentLimits } from '../../src/server/graphql/limits/document-limit-defaults.ts';

export const onPostgres = process.env['TIDINGS_TEST_DATABASE'] === 'postgres';

/** A new database, and a server on it. */
export interface TestServer extends AsyncDisposable {
  readonly tidings: Tidings;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs an operation over HTTP and returns its data; throws if it has errors. */
  data(query: string, variables?: object): Promise<any>;
  /** Runs an operation over HTTP. */
  execute(query: string, variables?: object): Promise<GraphQLResponse>;
  /** Opens a WebSocket client, which is closed together with the server. */
  socket(): Client;
}

export interface GraphQLResponse {
  readonly status: number;
  readonly data?: any;
  readonly errors?: readonly { readonly message: string; readonly path?: readonly unknown[]; readonly extensions?: any }[];
}

/** Starts a server on a new database; `documents` overrides limits of GraphQL documents, and timeouts. */
export async function startTestServer(
  settings: Readonly<Record<string, string>> = {},
  documents: Partial<DocumentLimits> & ConnectionTimeouts = {},
): Promise<TestServer> {
  const testDatabase = await newDatabase();
  const environment = { ...testDatabase.environment, PORT: '0', ...settings };
  const tidings = await startTidings({ ...readSettings(environment), ...documents }).catch(async (error: unknown) => {
    await testDatabase[Symbol.asyncDispose]();
    throw error;
  });
  const sockets: Client[] = [];
  const execute = (query: string, variables?: object): Promise<GraphQLResponse> => post(tidings.url, query, variables);
  return {
    tidings,
    environment,
    execute,
    async data(query, variables) {
      const { data, errors } = await execute(query, variables);
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data;
    },
    socket() {
      const client = socketTo(tidings.url);
      sockets.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of sockets) await client.dispose();
      await tidings[Symbol.asyncDispose]();
      await testDatabase[Symbol.asyncDispose]();
    },
  };
}

export async function post(
  url: string,
  query: string,
  variables?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<GraphQLResponse> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

export function socketTo(url: string): Client {
  return createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, lazy: true, retryAttempts: 0 });
}

/** The messages of a subscription. */
export function listenTo<T = any>(client: Client, query: string, variables: Record<string, unknown> = {}): AsyncIterableIterator<T> {
  return client.iterate<any>({ query, variables }) as AsyncIterableIterator<T>;
}

/** Creates an empty database: on the Postgres server, or a copy of the embedded template. */
export async function newDatabase(): Promise<{ readonly environment: Readonly<Record<string, string>> } & AsyncDisposable> {
  return onPostgres ? newPostgresDatabase() : newDataDir();
}

async function newPostgresDatabase() {
  const port = inject('postgresPort');
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  const url = (database: string): string => `postgres://tidings@127.0.0.1:${port}/${database}`;
  const admin = postgres(url('postgres'), { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}`);
  return {
    environment: { DATABASE_URL: url(name) },
    async [Symbol.asyncDispose]() {
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

async function newDataDir() {
  const folder = mkdtempSync(join(inject('dataFolders'), 'w-'));
  cpSync(inject('embeddedTemplate'), folder, { recursive: true, filter: (path) => !path.endsWith('.lock') });
  return {
    environment: { DATA_DIR: folder },
    async [Symbol.asyncDispose]() {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    },
  };
}
