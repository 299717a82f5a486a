import { randomBytes } from 'node:crypto';
import { readSettings } from '../settings.ts';
import { TidingsError } from '../errors.ts';
import { defaultUrl, readEndpoint, type Endpoint } from './client/endpoint.ts';

/** A server that only this process knows, on the database of the settings. */
export interface PrivateServer extends AsyncDisposable {
  /** It lets this process do everything. */
  readonly endpoint: Endpoint;
}

/** Starts it. Throws CANNOT_START, for example where another server has the embedded database. */
export async function startPrivateServer(): Promise<PrivateServer> {
  const adminKey = randomBytes(32).toString('base64url');
  const settings = { ...readSettings(process.env), port: 0, host: '127.0.0.1', adminKey };
  const { startTidings } = await import('../main.ts');
  try {
    const tidings = await startTidings(settings);
    return { endpoint: readEndpoint(tidings.url, adminKey), [Symbol.asyncDispose]: () => tidings[Symbol.asyncDispose]() };
  } catch (error) {
    if (!(error instanceof TidingsError) || settings.databaseUrl !== null) throw error;
    throw new TidingsError(error.code, `${error.message} Where a Tidings server runs on it, ask that: add --url ${defaultUrl}.`);
  }
}
