import type { Logger } from 'pino';
import { itself, type Caller } from '../auth/caller.ts';
import type { StoredKey } from '../store/api-keys.ts';
import type { EventCandidate } from '../event/event.ts';
import type { Emitter } from './emitter.ts';

/**
 * What the server tells of itself in the log: which keys were made and revoked, and whom it refused.
 *
 * Promises: of a key, one event, also where it is told twice. Of refusals, one event at once, and in each further minute one
 * for those that came in it, with how many there were: whoever knocks often does not fill the log. At most `mostKnown`
 * kinds of refusals are told apart; the rest are counted together. Does not promise an event where the database was away.
 */
export interface Audit extends AsyncDisposable {
  keyCreated(key: StoredKey, by: Caller): Promise<void>;
  keyRevoked(key: StoredKey, by: Caller): Promise<void>;
  refused(refusal: Refusal): void;
}

export interface Refusal {
  /** UNAUTHENTICATED or FORBIDDEN. */
  readonly reason: string;
  /** Which way it came, for example http. */
  readonly door: string;
  /** Where it came from. */
  readonly address: string;
  /** Whose key it was that may not. */
  readonly caller?: Caller;
}

export interface AuditParts {
  readonly emitter: Emitter;
  readonly logger: Logger;
}

export function startAudit({ emitter, logger }: AuditParts): Audit {
  const further = new Map<string, { readonly refusal: Refusal; times: number }>();
  const underWay = new Set<Promise<void>>();

  const tell = async (event: EventCandidate): Promise<void> => {
    try {
      const { outcomes } = await emitter.emit([{ event, path: [] }], 'REJECT_ALL', itself);
      if (outcomes[0]?.status === 'REJECTED') logger.error({ problems: outcomes[0].problems }, 'an audit event was refused');
    } catch (error) {
      logger.warn({ err: error, event }, 'an audit event could not be stored');
    }
  };
  const tellLater = (event: EventCandidate): void => {
    const telling = tell(event).finally(() => underWay.delete(telling));
    underWay.add(telling);
  };
  const tellFurther = (): void => {
    for (const [name, { refusal, times }] of further) {
      if (times > 0) tellLater(refusalEvent(refusal, times));
      further.delete(name);
      if (times > 0) further.set(name, { refusal, times: 0 });
    }
  };
  const timer = setInterval(tellFurther, everyMs).unref();

  return {
    keyCreated: (key, by) => tell(keyEvent('created', key, by)),
    keyRevoked: (key, by) => tell(keyEvent('revoked', key, by)),
    refused(refusal) {
      const name = JSON.stringify([subjectOf(refusal).id, refusal.reason, refusal.door]);
      const known = further.get(further.has(name) || further.size < mostKnown ? name : '');
      if (known !== undefined) known.times += 1;
      else if (further.size < mostKnown) {
        further.set(name, { refusal, times: 0 });
        tellLater(refusalEvent(refusal, 1));
      } else further.set('', { refusal: { ...refusal, address: 'several' }, times: 1 });
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      tellFurther();
      await Promise.all(underWay);
    },
  };
}

function keyEvent(what: 'created' | 'revoked', key: StoredKey, by: Caller): EventCandidate {
  const { id, name, may, filter, emitPrefix, expires, created, revoked } = key;
  return {
    id: `${keyName(id)}.${what}`,
    occurred: what === 'created' ? created : (revoked ?? undefined),
    event: `tidings.api-key.${what}`,
    resource: { id: keyName(id), name },
    related: actor(by),
    payload: what === 'created' ? { may, filter, emitPrefix, expires } : {},
    follows: what === 'created' ? null : `${keyName(id)}.created`,
  };
}

function refusalEvent(refusal: Refusal, times: number): EventCandidate {
  const { reason, door, address } = refusal;
  return { event: 'tidings.access.refused', resource: subjectOf(refusal), payload: { reason, door, address, times } };
}

function subjectOf({ caller, address }: Refusal): { readonly id: string; readonly name?: string } {
  return caller?.keyId ? { id: keyName(caller.keyId), name: caller.name } : { id: `tidings.address.${address}` };
}

function actor({ keyId, name }: Caller): readonly object[] {
  return keyId === null ? [] : [{ id: keyName(keyId), role: 'actor', name }];
}

function keyName(id: string): string {
  return `tidings.api-key.${id}`;
}

const everyMs = 60_000;
const mostKnown = 1000;
