import type { Logger } from 'pino';
import { system, type Caller } from '../auth/caller.ts';
import type { EventCandidate } from '../event/event.ts';
import { storedFilterOf } from '../auth/key-visibility.ts';
import type { StoredKey } from '../store/api-keys.ts';
import { withDefaults } from './defaults.ts';
import type { Emitter } from './emitter.ts';

/**
 * Records in the log itself which keys were created and revoked, and which requests were rejected.
 *
 * Guarantees: one event for each creation and each revocation, even if it is reported twice. The
 * first rejection of a kind is one event at once. Further ones of that kind are one event a minute,
 * with their number, so that a client cannot fill the log. At most `maxTrackedKinds` kinds are
 * tracked; all others are counted together.
 *
 * Does not guarantee an event while the database cannot be reached.
 */
export interface AuditLog extends AsyncDisposable {
  keyCreated(key: StoredKey, by: Caller): Promise<void>;
  keyRevoked(key: StoredKey, by: Caller): Promise<void>;
  rejected(rejection: AccessRejection): void;
}

export interface AccessRejection {
  /** UNAUTHENTICATED or FORBIDDEN. */
  readonly reason: string;
  /** For example http. */
  readonly protocol: string;
  /** The client's. */
  readonly address: string;
  /** The owner of the key, if the key is valid and lacks a permission. */
  readonly caller?: Caller;
}

export interface AuditLogParts {
  readonly emitter: Emitter;
  readonly logger: Logger;
}

export function startAuditLog({ emitter, logger }: AuditLogParts): AuditLog {
  const counters = new Map<string, { readonly rejection: AccessRejection; times: number }>();
  const inFlight = new Set<Promise<void>>();

  const record = async (event: EventCandidate): Promise<void> => {
    try {
      const { outcomes } = await emitter.emit([{ event: withDefaults(event), path: [] }], 'REJECT_ALL', system);
      if (outcomes[0]?.status === 'REJECTED') logger.error({ problems: outcomes[0].problems }, 'an audit event was rejected');
    } catch (error) {
      logger.warn({ err: error, event }, 'an audit event could not be stored');
    }
  };
  const recordInBackground = (event: EventCandidate): void => {
    const recording = record(event).finally(() => inFlight.delete(recording));
    inFlight.add(recording);
  };
  const flushCounters = (): void => {
    for (const [key, { rejection, times }] of counters) {
      if (times > 0) recordInBackground(rejectionEvent(rejection, times));
      counters.delete(key);
      if (times > 0) counters.set(key, { rejection, times: 0 });
    }
  };
  const timer = setInterval(flushCounters, flushIntervalMs).unref();

  return {
    keyCreated: (key, by) => record(keyEvent('created', key, by)),
    keyRevoked: (key, by) => record(keyEvent('revoked', key, by)),
    rejected(rejection) {
      const key = JSON.stringify([subjectOf(rejection).id, rejection.reason, rejection.protocol]);
      const counter = counters.get(counters.has(key) || counters.size < maxTrackedKinds ? key : '');
      if (counter !== undefined) counter.times += 1;
      else if (counters.size < maxTrackedKinds) {
        counters.set(key, { rejection, times: 0 });
        recordInBackground(rejectionEvent(rejection, 1));
      } else counters.set('', { rejection: { ...rejection, address: 'several' }, times: 1 });
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      flushCounters();
      await Promise.all(inFlight);
    },
  };
}

function keyEvent(action: 'created' | 'revoked', key: StoredKey, by: Caller): EventCandidate {
  const { id, name, permissions, filter, emitPrefix, expires, created, revoked } = key;
  return {
    id: `${keyResourceId(id)}.${action}`,
    occurred: action === 'created' ? created : (revoked ?? undefined),
    event: `tidings.api-key.${action}`,
    resource: { id: keyResourceId(id), name },
    related: actor(by),
    payload: action === 'created' ? { permissions, filter: storedFilterOf(filter), emitPrefix, expires } : {},
    follows: action === 'created' ? null : `${keyResourceId(id)}.created`,
  };
}

function rejectionEvent(rejection: AccessRejection, times: number): EventCandidate {
  const { reason, protocol, address } = rejection;
  return { event: 'tidings.access.rejected', resource: subjectOf(rejection), payload: { reason, protocol, address, times } };
}

function subjectOf({ caller, address }: AccessRejection): { readonly id: string; readonly name?: string } {
  return caller?.keyId ? { id: keyResourceId(caller.keyId), name: caller.name } : { id: `tidings.address.${address}` };
}

function actor({ keyId, name }: Caller): readonly object[] {
  return keyId === null ? [] : [{ id: keyResourceId(keyId), role: 'actor', name }];
}

function keyResourceId(id: string): string {
  return `tidings.api-key.${id}`;
}

const flushIntervalMs = 60_000;
const maxTrackedKinds = 1000;
