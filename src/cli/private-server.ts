import { randomBytes } from 'node:crypto';
import { TidingsError } from '../errors.ts';
import { readSettings } from '../settings.ts';
import { defaultUrl, readEndpoint, type Endpoint } from './client/endpoint.ts';

/** A server for this process alone, on the database of the settings. */
export interface PrivateServer extends AsyncDisposable {
  /** With a key that has all permissions. */
  readonly endpoint: Endpoint;
}

/** Throws CANNOT_START, for example if another server uses the embedded database. */
export async function startPrivateServer(): Promise<PrivateServer> {
  const adminKey = randomBytes(32).toString('base64url');
  const settings = { ...readSettings(process.env), port: 0, host: '127.0.0.1', adminKey };
  const { startTidings } = await import('../main.ts');
  try {
    const tidings = await startTidings(settings);
    return { endpoint: readEndpoint(tidings.url, adminKey), [Symbol.asyncDispose]: () => tidings[Symbol.asyncDispose]() };
  } catch (error) {
    if (!(error instanceof TidingsError) || settings.databaseUrl !== null) throw error;
    throw new TidingsError(error.code, `${error.message} If a Tidings server uses this database, add --url ${defaultUrl}.`);
  }
}
