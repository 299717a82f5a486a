import { readSettings } from '../../../src/settings.ts';
import type { Position } from '../../../src/event/cursor.ts';
import type { EventDraft, StoredEvent, EventCandidate } from '../../../src/event/event.ts';
import { parseInstant } from '../../../src/event/instant.ts';
import type { EventLimits } from '../../../src/event/limits.ts';
import { withDefaults } from '../../../src/ingest/defaults.ts';
import { validateEvent } from '../../../src/event/validate.ts';

/** The default limits of a server. */
export const defaultLimits: EventLimits = readSettings({});

/** A valid event. It has two related resources, so that a test of paths cannot confuse them. */
export const validEvent = {
  id: 'e1',
  occurred: '2026-11-23T14:41:10.863461Z',
  event: 'acme.user.logged-in',
  resource: { id: 'acme.user.kiki', name: 'Kiki', labels: { plan: 'free' } },
  related: [
    { id: 'acme.flow.login', role: 'flow', labels: {} },
    { id: 'acme.user.jo', role: 'actor', name: 'Jo', labels: { team: 'a' } },
  ],
  payload: { attempts: [1, { ok: true }] },
  follows: 'e0',
};

/** The valid event with `value` at a dotted path. */
export function eventWith(path: string, value: unknown): EventCandidate {
  const event: any = structuredClone(validEvent);
  const keys = path.split('.');
  let inner = event;
  for (const key of keys.slice(0, -1)) inner = inner[key];
  inner[keys.at(-1)!] = value;
  return event;
}

/** The problems of an event at input.3, as code and path; empty if it is valid. */
export function problemsOf(candidate: EventCandidate, limits: Partial<EventLimits> = {}): readonly string[] {
  const validation = validateEvent(candidate, ['input', '3'], { ...defaultLimits, ...limits });
  return 'problems' in validation ? validation.problems.map(({ code, path }) => `${code} ${path.join('.')}`) : [];
}

/** The draft of a valid event. */
export function draftOf(candidate: EventCandidate): EventDraft {
  const validation = validateEvent(withDefaults(candidate), ['input', '3'], defaultLimits);
  if ('problems' in validation) throw new Error(validation.problems.map(({ message }) => message).join('\n'));
  return validation.draft;
}

/** A valid event as it is stored, received when it occurred. */
export function storedOf(candidate: EventCandidate): StoredEvent {
  const draft = draftOf(candidate);
  const occurred = draft.occurred ?? parseInstant('2026-11-23T14:41:10Z')!;
  return { ...draft, occurred, received: occurred, payload: draft.payload ?? {}, position: 1 as Position };
}
