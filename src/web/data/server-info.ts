import { effect, signal } from '@preact/signals';
import { TidingsError } from '../../client/tidings-client.ts';
import { tidings } from './session.ts';

/** The key that the page uses, as the server describes it. */
export interface OwnKey {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly visibleEvents: string;
  readonly expires: string | null;
}

export interface Service {
  readonly version: string;
  /** Null: events are kept for ever. */
  readonly retentionDays: number | null;
  /** Null: the server requires no key. */
  readonly me: OwnKey | null;
}

const current = signal<Service | null>(null);
const newer = signal<string | null>(null);
const rejection = signal<TidingsError | null>(null);

/** What the server says of itself; null: not known yet. */
export const service = current;
/** The version of a server that was started after this page was loaded; null: it is the same. */
export const newerVersion = newer;
/** Why the server does not accept the key of this page, or its absence; null: it does, as far as known. */
export const keyRejection = rejection;

/** Reads what the server says of itself, such as after a reconnect: it can be another version then. */
export async function readService(): Promise<void> {
  const client = tidings.peek();
  try {
    const { service: read, me } = await client.graphql<{ service: Omit<Service, 'me'>; me: OwnKey | null }>(
      '{ service { version retentionDays } me { id name permissions visibleEvents expires } }',
    );
    if (client !== tidings.peek()) return;
    if (current.value !== null && current.value.version !== read.version) newer.value = read.version;
    current.value = { ...read, me };
    rejection.value = null;
  } catch (error) {
    if (client === tidings.peek()) noteRejection(error);
  }
}

/** Notes an error of any request if it says that the key is not accepted. Returns whether it does. */
export function noteRejection(error: unknown): boolean {
  if (!(error instanceof TidingsError) || error.code !== 'UNAUTHENTICATED') return false;
  rejection.value = error;
  return true;
}

effect(() => {
  void tidings.value;
  rejection.value = null;
  void readService();
});
