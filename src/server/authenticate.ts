import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Asker, Caller } from '../auth/caller.ts';
import type { Callers } from '../auth/api-key-cache.ts';
import { TidingsError } from '../errors.ts';
import { addressOf } from '../transport/client.ts';
import { HttpError, rejectRequest } from '../transport/http-error.ts';
import { requestIdOf } from '../transport/request-log.ts';

/** Whoever sends a request, found out before anything is done for it. */
export interface Admission {
  /** Whether everybody is let in. */
  readonly isOpen: boolean;
  /** Who asks; null after it was answered that they may not. What is open for them closes when their key ends. */
  admit(request: IncomingMessage, response: ServerResponse): Promise<Asker | null>;
  /** The same for a WebSocket, which names its key itself. Throws UNAVAILABLE. */
  admitSocket(knock: Knock): Promise<Caller | null>;
}

/** A WebSocket that wants in. */
export interface Knock {
  readonly authorization: string | undefined;
  readonly address: string;
  readonly door: string;
}

export interface AdmissionParts {
  readonly callers: Callers & { readonly isOpen: boolean };
  readonly onRefused: (refusal: { readonly reason: string; readonly door: string; readonly address: string }) => void;
}

export function createAdmission({ callers, onRefused }: AdmissionParts): Admission {
  const identify = async ({ authorization, address, door }: Knock): Promise<Caller> => {
    try {
      return await callers.identify(authorization);
    } catch (error) {
      if (isUnauthenticated(error)) onRefused({ reason: error.code, door, address });
      throw error;
    }
  };
  return {
    get isOpen() {
      return callers.isOpen;
    },
    async admit(request, response) {
      const address = addressOf(request);
      try {
        const caller = await identify({ authorization: request.headers.authorization, address, door: 'http' });
        closeAtEnd(caller, response);
        return { caller, address, requestId: requestIdOf(request) };
      } catch (error) {
        if (!(error instanceof TidingsError)) throw error;
        rejectRequest(response, refusalBy(error));
        return null;
      }
    },
    async admitSocket(knock) {
      try {
        return await identify(knock);
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
function closeAtEnd({ ended }: Caller, response: ServerResponse): void {
  const close = (): void => void setTimeout(() => response.destroy(), graceMs).unref();
  ended.addEventListener('abort', close);
  response.once('close', () => ended.removeEventListener('abort', close));
}

/** What is under way when its caller's key ends may be an answer, such as that which tells the first key of an open server. */
export const graceMs = 1500;

/** The answer to whoever is not known, or cannot be now. */
function refusalBy({ code, message, extensions }: TidingsError): HttpError {
  return code === 'UNAUTHENTICATED'
    ? new HttpError(401, message, { code, extensions, headers: { 'www-authenticate': 'Bearer realm="Tidings"' } })
    : new HttpError(503, message, { code, extensions, headers: { 'retry-after': '1' } });
}
