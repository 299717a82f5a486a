import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Callers } from '../auth/api-key-cache.ts';
import type { Caller, Client } from '../auth/caller.ts';
import { hashOf, sameHash, secretIn } from '../auth/secret.ts';
import { abortListeners } from '../concurrency/abort-listeners.ts';
import type { PacedStarts } from '../concurrency/paced-starts.ts';
import { TidingsError } from '../errors.ts';
import { addressOf, readerOf } from '../transport/client.ts';
import { requestIdOf } from '../transport/request-log.ts';
import { markAuthenticated } from '../transport/unauthenticated-connections.ts';

/** Identifies the client of a request before anything is done for it. */
export interface Authenticator {
  /** Whether the server has no keys, so that every client is accepted. */
  readonly isOpen: boolean;
  /**
   * The client of a request, whose response is destroyed when its key ends. Throws UNAUTHENTICATED
   * and UNAVAILABLE.
   */
  authenticate(request: IncomingMessage, response: ServerResponse): Promise<Client>;
  /**
   * Accepts the token of the metrics, and keys with ADMIN: metrics count what other keys do. Throws
   * UNAUTHENTICATED, FORBIDDEN and UNAVAILABLE.
   */
  authorizeMetrics(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /**
   * The caller of a WebSocket, which closes its socket itself; null: unauthenticated. Throws
   * UNAVAILABLE.
   */
  authenticateSocket(handshake: SocketHandshake): Promise<Caller | null>;
}

/** The credentials of a client that opens a WebSocket, and its address. */
export interface SocketHandshake {
  readonly authorization: string | undefined;
  readonly address: string;
}

export interface AuthenticatorParts {
  readonly callers: Callers & { readonly isOpen: boolean };
  readonly pacedStarts: PacedStarts;
  /** Records rejected requests. */
  readonly audit: {
    rejected(rejection: { readonly reason: string; readonly protocol: string; readonly address: string; readonly caller?: Caller }): void;
  };
}

/** `metricsToken`: reads the metrics and nothing else; null: none. */
export function createAuthenticator(
  { callers, audit, pacedStarts }: AuthenticatorParts,
  { metricsToken }: { readonly metricsToken: string | null },
): Authenticator {
  const metricsHash = metricsToken === null ? null : hashOf(metricsToken);
  const identify = async ({ authorization, address }: SocketHandshake, protocol: string): Promise<Caller> => {
    try {
      return await callers.identify(authorization);
    } catch (error) {
      if (isUnauthenticated(error)) audit.rejected({ reason: error.code, protocol, address });
      throw error;
    }
  };
  const authenticate = async (request: IncomingMessage, response: ServerResponse): Promise<Client> => {
    const address = addressOf(request);
    const caller = await identify({ authorization: request.headers.authorization, address }, 'http');
    markAuthenticated(request.socket);
    destroyWhenKeyEnds(caller, response);
    return clientOf(caller, { request, response, pacedStarts });
  };
  const isMetricsToken = (authorization: string | undefined): boolean => {
    const given = secretIn(authorization);
    return metricsHash !== null && given !== null && sameHash(hashOf(given), metricsHash);
  };
  return {
    get isOpen() {
      return callers.isOpen;
    },
    authenticate,
    async authorizeMetrics(request, response) {
      if (isMetricsToken(request.headers.authorization)) return markAuthenticated(request.socket);
      const { caller, address } = await authenticate(request, response).catch((error: unknown) => {
        throw isUnauthenticated(error) ? new TidingsError(error.code, `${metricsExpectation}, got no valid one`) : error;
      });
      if (caller.permissions.has('admin')) return;
      audit.rejected({ reason: 'FORBIDDEN', protocol: 'http', address, caller });
      throw new TidingsError('FORBIDDEN', `${metricsExpectation}, got the key ${JSON.stringify(caller.name)}`);
    },
    async authenticateSocket(handshake) {
      try {
        return await identify(handshake, 'websocket');
      } catch (error) {
        if (isUnauthenticated(error)) return null;
        throw error;
      }
    },
  };
}

function clientOf(caller: Caller, { request, response, pacedStarts }: Authenticated): Client {
  const address = addressOf(request);
  return { caller, address, requestId: requestIdOf(request), reader: readerOf({ caller, address }, response, pacedStarts) };
}

interface Authenticated {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly pacedStarts: PacedStarts;
}

function isUnauthenticated(error: unknown): error is TidingsError {
  return error instanceof TidingsError && error.code === 'UNAUTHENTICATED';
}

const metricsExpectation = '/metrics: expected a key with the permission ADMIN, or the token of TIDINGS_METRICS_TOKEN';

/** A response can last as long as a subscription. */
function destroyWhenKeyEnds({ ended }: Caller, response: ServerResponse): void {
  const destroy = (): void => void setTimeout(() => response.destroy(), graceMs).unref();
  const listeners = abortListeners(ended);
  listeners.add(destroy);
  response.once('close', () => listeners.delete(destroy));
}

/**
 * Delay before a response is destroyed after its key is revoked. So the response that reports the
 * revocation, or the first key of an open server, still arrives.
 */
export const graceMs = 1500;
