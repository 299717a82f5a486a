import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client, Caller } from '../auth/caller.ts';
import type { Callers } from '../auth/api-key-cache.ts';
import { TidingsError } from '../errors.ts';
import { addressOf } from '../transport/client.ts';
import { HttpError, rejectRequest } from '../transport/http-error.ts';
import { requestIdOf } from '../transport/request-log.ts';

/** Whoever sends a request, found out before anything is done for it. */
export interface Authenticator {
  /** Whether everybody is let in. */
  readonly isOpen: boolean;
  /** Who asks; null after it was answered that they may not. What is open for them closes when their key ends. */
  authenticate(request: IncomingMessage, response: ServerResponse): Promise<Client | null>;
  /** The same for a WebSocket, which names its key itself. Throws UNAVAILABLE. */
  authenticateSocket(handshake: SocketHandshake): Promise<Caller | null>;
}

/** A WebSocket that wants in. */
export interface SocketHandshake {
  readonly authorization: string | undefined;
  readonly address: string;
  readonly protocol: string;
}

export interface AuthenticatorParts {
  readonly callers: Callers & { readonly isOpen: boolean };
  readonly onRejected: (rejection: { readonly reason: string; readonly protocol: string; readonly address: string }) => void;
}

export function createAuthenticator({ callers, onRejected }: AuthenticatorParts): Authenticator {
  const identify = async ({ authorization, address, protocol }: SocketHandshake): Promise<Caller> => {
    try {
      return await callers.identify(authorization);
    } catch (error) {
      if (isUnauthenticated(error)) onRejected({ reason: error.code, protocol, address });
      throw error;
    }
  };
  return {
    get isOpen() {
      return callers.isOpen;
    },
    async authenticate(request, response) {
      const address = addressOf(request);
      try {
        const caller = await identify({ authorization: request.headers.authorization, address, protocol: 'http' });
        closeWhenKeyEnds(caller, response);
        return { caller, address, requestId: requestIdOf(request) };
      } catch (error) {
        if (!(error instanceof TidingsError)) throw error;
        rejectRequest(response, httpErrorOf(error));
        return null;
      }
    },
    async authenticateSocket(handshake) {
      try {
        return await identify(handshake);
      } catch (error) {
        if (isUnauthenticated(error)) return null;
        throw error;
      }
    },
  };
}

function isUnauthenticated(error: unknown): error is TidingsError {
  return error instanceof TidingsError && error.code === 'UNAUTHENTICATED';
}

/** A response may go on for as long as a subscription. */
function closeWhenKeyEnds({ ended }: Caller, response: ServerResponse): void {
  const close = (): void => void setTimeout(() => response.destroy(), graceMs).unref();
  ended.addEventListener('abort', close);
  response.once('close', () => ended.removeEventListener('abort', close));
}

/** What is under way when its caller's key ends may be an answer, such as that which tells the first key of an open server. */
export const graceMs = 1500;

/** The answer to whoever is not known, or cannot be now. */
function httpErrorOf({ code, message, extensions }: TidingsError): HttpError {
  return code === 'UNAUTHENTICATED'
    ? new HttpError(401, message, { code, extensions, headers: { 'www-authenticate': 'Bearer realm="Tidings"' } })
    : new HttpError(503, message, { code, extensions, headers: { 'retry-after': '1' } });
}
