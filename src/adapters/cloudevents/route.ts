import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireRight, type Caller } from '../../auth/caller.ts';
import type { EventLimits } from '../../event/limits.ts';
import { shown } from '../../event/problem.ts';
import { fromHeaders, hasAttributes } from './binary-mode.ts';
import { fromJsonFormat, interpret, type CloudEvent, type Interpretation } from './map-cloud-event.ts';
import { isObject, readItem, type Item } from '../json-body.ts';
import { itemsOf } from '../event-documents.ts';
import { policyOf, replyWith } from '../batch-response.ts';
import type { PostEventsParts } from '../post-events.ts';
import { readBody } from '../../transport/read-body.ts';
import { answerVisit, type Reply, type Visit } from '../handle-request.ts';
import { HttpError } from '../../transport/http-error.ts';

const cloudEventsPath = '/cloudevents';
const door = 'cloudevents';

/**
 * CloudEvents 1.0 over HTTP, in structured, batched and binary mode, gzip or not. Promises what `/api/events` does: 204 once all
 * are durable, in one transaction; else a 422, or with `?on_error=skip` an answer for each. An OPTIONS request, by which senders
 * of webhooks ask whether they may come, is told yes when its key may emit.
 */
export function createCloudEvents(parts: PostEventsParts) {
  return {
    opensAt: (path: string): boolean => path === cloudEventsPath,
    handle: (request: IncomingMessage, response: ServerResponse): Promise<void> =>
      answerVisit(parts, { request, response, door }, async (visit) =>
        request.method === 'OPTIONS' ? consent(request, visit.caller) : post(parts, request, visit),
      ),
  };
}

async function post({ emitter, limits, metrics }: PostEventsParts, request: IncomingMessage, { caller, spend }: Visit): Promise<Reply> {
  if (request.method !== 'POST')
    throw new HttpError(405, `expected POST at ${cloudEventsPath}, got ${request.method}`, { headers: { allow: methods } });
  requireRight(caller, 'emit');
  const policy = policyOf(request.url ?? '');
  const mode = modeOf(request);
  const body = await readBody(request, limits.bodyBytes);
  const alone = mode !== 'batched';
  const events = eventsIn(mode, request, body);
  spend(1 + events.length);
  const interpretations = events.map((event, index) => interpretOne(event, alone ? [] : [String(index)], limits));
  const { outcomes } = await emitter.emit(
    interpretations.map(({ candidate }) => candidate),
    policy,
    caller,
  );
  for (const { status } of outcomes) metrics.throughDoors.inc({ door, status: status.toLowerCase() });
  return replyWith({ outcomes, alone, placeOf: (index, path) => interpretations[index]?.placeOf(path) ?? path }, policy);
}

type Mode = 'structured' | 'batched' | 'binary';

function modeOf(request: IncomingMessage): Mode {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/cloudevents+json') return 'structured';
  if (type === 'application/cloudevents-batch+json') return 'batched';
  if (!type.startsWith('application/cloudevents') && hasAttributes(request)) return 'binary';
  throw new HttpError(
    415,
    `content-type: expected application/cloudevents+json or application/cloudevents-batch+json, or the attributes as ce- headers, got ${
      type === '' ? 'none' : type
    }`,
  );
}

function eventsIn(mode: Mode, request: IncomingMessage, body: Buffer): readonly (CloudEvent | Item)[] {
  if (mode === 'binary') return [fromHeaders(request, body)];
  const whole = readItem(body);
  const expected = mode === 'batched' ? 'an array of CloudEvents' : 'a CloudEvent';
  if ('notJson' in whole) throw new HttpError(422, `the body: expected ${expected}, got ${whole.notJson}`);
  if (mode === 'structured') return [whole];
  if (!Array.isArray(whole.json)) throw new HttpError(422, `the body: expected ${expected}, got ${shown(whole.json)}`);
  return itemsOf(whole.json);
}

function interpretOne(event: CloudEvent | Item, path: readonly string[], limits: EventLimits): Interpretation {
  if ('attributes' in event) return interpret(event, path, limits);
  const json = 'json' in event ? event.json : null;
  if (isObject(json)) return interpret(fromJsonFormat(json), path, limits);
  const prefix = path.length === 0 ? '' : `${path.join('.')}: `;
  const message = `${prefix}expected a CloudEvent, got ${shown(json)}`;
  return { candidate: { path, problems: [{ code: 'INVALID', path, message }] }, placeOf: (place) => place };
}

/** The handshake of "HTTP 1.1 Web Hooks for Event Delivery", section 4. */
function consent({ headers }: IncomingMessage, caller: Caller): Reply {
  requireRight(caller, 'emit');
  const origin = headers['webhook-request-origin'];
  const allowed = typeof origin === 'string' ? { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' } : {};
  return { status: 204, headers: { allow: methods, ...allowed } };
}

const methods = 'OPTIONS, POST';
