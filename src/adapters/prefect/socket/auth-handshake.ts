import type { IncomingMessage } from 'node:http';
import { requirePermission, type Caller, type Permission } from '../../../auth/caller.ts';
import { TidingsError } from '../../../errors.ts';
import { addressOf } from '../../../transport/client.ts';
import { type RequestHandlerParts, pathOf } from '../../handle-request.ts';
import { isJsonObject } from '../../../json/exact-number.ts';
import { readBodyItem } from '../../json-body.ts';
import type { Frame } from './frames.ts';

export const inPath = '/api/events/in';
export const outPath = '/api/events/out';

/** A rejected handshake: the HTTP status, and the code and reason of a close frame. */
export class HandshakeRejection {
  constructor(
    readonly status: string,
    readonly code: number,
    readonly reason: string,
  ) {}
}

/**
 * Authenticates a socket, and checks the permission that it needs. `firstFrame` null: only the
 * header authenticates.
 */
export async function authenticateSocket(
  { callers, audit, metrics }: Pick<RequestHandlerParts, 'callers' | 'audit' | 'metrics'>,
  request: IncomingMessage,
  firstFrame: Frame | null,
): Promise<Caller | HandshakeRejection> {
  const authorization = firstFrame === null ? request.headers.authorization : await authorizationIn(firstFrame, request);
  if (authorization === null) return new HandshakeRejection('401 Unauthorized', 1008, "Expected 'auth' message");
  let caller: Caller | undefined;
  try {
    caller = await callers.identify(authorization);
    requirePermission(caller, permissionAt(request));
    return caller;
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    const { code: reason, message } = error;
    metrics.rejectedRequests.inc({ reason });
    if (reason === 'UNAVAILABLE') return new HandshakeRejection('503 Service Unavailable', 1001, message);
    audit.rejected({ reason, protocol: 'prefect', address: addressOf(request), ...(caller && { caller }) });
    return new HandshakeRejection(reason === 'FORBIDDEN' ? '403 Forbidden' : '401 Unauthorized', 1008, message);
  }
}

/** The value of an `Authorization` header for an auth message; null for any other message. */
async function authorizationIn({ bytes }: Frame, { headers }: IncomingMessage): Promise<string | undefined | null> {
  const message = await readBodyItem(bytes);
  if (!('json' in message) || !isJsonObject(message.json) || message.json['type'] !== 'auth') return null;
  const token = message.json['token'];
  // The key alone, or a name, a colon and the key: the content of Basic credentials.
  return typeof token === 'string' && token !== '' ? `Basic ${Buffer.from(token).toString('base64')}` : headers.authorization;
}

function permissionAt(request: IncomingMessage): Permission {
  return pathOf(request) === inPath ? 'emit' : 'read';
}
