import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Callers } from '../auth/api-key-cache.ts';
import type { Caller, Client } from '../auth/caller.ts';
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
  /** Records unauthenticated requests. */
  readonly audit: { rejected(rejection: { readonly reason: string; readonly protocol: string; readonly address: string }): void };
}

export function createAuthenticator({ callers, audit }: AuthenticatorParts): Authenticator {
  const identify = async ({ authorization, address }: SocketHandshake, protocol: string): Promise<Caller> => {
    try {
      return await callers.identify(authorization);
    } catch (error) {
      if (isUnauthenticated(error)) audit.rejected({ reason: error.code, protocol, address });
      throw error;
    }
  };
  return {
    get isOpen() {
      return callers.isOpen;
    },
    async authenticate(request, response) {
      const address = addressOf(request);
      const caller = await identify({ authorization: request.headers.authorization, address }, 'http');
      markAuthenticated(request.socket);
      destroyWhenKeyEnds(caller, response);
      return clientOf(caller, request, response);
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

export function clientOf(caller: Caller, request: IncomingMessage, response: ServerResponse): Client {
  const address = addressOf(request);
  return { caller, address, requestId: requestIdOf(request), reader: readerOf({ caller, address }, response) };
}

function isUnauthenticated(error: unknown): error is TidingsError {
  return error instanceof TidingsError && error.code === 'UNAUTHENTICATED';
}

/** A response can last as long as a subscription. */
function destroyWhenKeyEnds({ ended }: Caller, response: ServerResponse): void {
  const destroy = (): void => void setTimeout(() => response.destroy(), graceMs).unref();
  ended.addEventListener('abort', destroy);
  response.once('close', () => ended.removeEventListener('abort', destroy));
}

/**
 * Delay before a response is destroyed after its key is revoked. So the response that reports the
 * revocation, or the first key of an open server, still arrives.
 */
export const graceMs = 1500;
