import type { IncomingMessage, ServerResponse } from 'node:http';
import { runInSlices } from '../../concurrency/time-slices.ts';
import { requirePermission, type Caller } from '../../auth/caller.ts';
import type { EventLimits } from '../../event/limits.ts';
import { describeValue } from '../../event/problem.ts';
import { HttpError } from '../../transport/http-error.ts';
import { requestCost } from '../../transport/rate-limit.ts';
import { readBody } from '../../transport/read-body.ts';
import { batchResponse, type BatchOutcome } from '../batch-response.ts';
import { emitBatch } from '../emit-batch.ts';
import { itemsOf } from '../event-documents.ts';
import { handleRequest, type HttpResponse, type AuthenticatedRequest } from '../handle-request.ts';
import { isJsonObject } from '../../json/exact-number.ts';
import { keysOf } from '../../json/keys-of.ts';
import { rawOf, readBodyItem, type Item } from '../json-body.ts';
import type { PostEventsParts } from '../post-events.ts';
import { batchOptions } from '../query-parameters.ts';
import { fromHeaders, hasAttributes, toJsonFormat } from './binary-mode.ts';
import { fromJsonFormat, interpretInSteps, type CloudEvent, type Interpretation } from './map-cloud-event.ts';

const cloudEventsPath = '/cloudevents';
const protocol = 'cloudevents';

/**
 * The route for CloudEvents 1.0 over HTTP: structured, batched and binary mode, optionally compressed.
 * Its responses are those of `post-events.ts`. An OPTIONS request, the handshake of webhook
 * senders, gets consent if its key has EMIT.
 */
export function createCloudEvents(parts: PostEventsParts) {
  return {
    matchesPath: (path: string): boolean => path === cloudEventsPath,
    handle: (request: IncomingMessage, response: ServerResponse): Promise<void> =>
      handleRequest(parts, { request, response, protocol }, async (authenticated) =>
        request.method === 'OPTIONS' ? webhookHandshake(request, authenticated.caller) : post(parts, request, authenticated),
      ),
  };
}

async function post(parts: PostEventsParts, request: IncomingMessage, { caller, charge }: AuthenticatedRequest): Promise<HttpResponse> {
  if (request.method !== 'POST')
    throw new HttpError(405, `expected POST at ${cloudEventsPath}, got ${request.method}`, { headers: { allow: methods } });
  requirePermission(caller, 'emit');
  const { policy } = batchOptions(request.url ?? '');
  const mode = modeOf(request);
  const body = await readBody(request, parts.limits.bodyBytes);
  const isSingle = mode !== 'batched';
  const parsingCost = requestCost(body.length);
  charge(parsingCost);
  const received = await eventsIn(mode, request, body);
  charge(Math.max(0, 1 + received.length - parsingCost));
  const interpretations = await runInSlices(interpretAll(received, isSingle, parts.limits));
  // Every attribute is a field or a label, so none is unknown.
  const events = interpretations.map(({ candidate }, index) => ({
    candidate,
    unknownMembers: [],
    raw: () => rawEvent(received[index], mode === 'structured' ? body : null),
  }));
  const outcomes = await emitBatch(parts, { events, policy, caller, protocol });
  const sourcePathOf: BatchOutcome['sourcePathOf'] = (index, path) => interpretations[index]?.sourcePathOf(path) ?? path;
  return batchResponse({ outcomes, events, isSingle, sourcePathOf }, policy);
}

/** A CloudEvent as received; that of binary mode in the JSON format. */
function rawEvent(event: CloudEvent | Item | undefined, body: Buffer | null): Buffer {
  if (event === undefined) return Buffer.alloc(0);
  return 'attributes' in event ? Buffer.from(toJsonFormat(event)) : rawOf(event, body);
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

async function eventsIn(mode: Mode, request: IncomingMessage, body: Buffer): Promise<readonly (CloudEvent | Item)[]> {
  if (mode === 'binary') return [fromHeaders(request, body)];
  const whole = await readBodyItem(body);
  const expected = mode === 'batched' ? 'an array of CloudEvents' : 'a CloudEvent';
  if ('notJson' in whole) throw new HttpError(422, `the body: expected ${expected}, got ${whole.notJson}`);
  if (mode === 'structured') return [whole];
  if (!Array.isArray(whole.json)) throw new HttpError(422, `the body: expected ${expected}, got ${describeValue(whole.json)}`);
  return itemsOf(whole.json);
}

function* interpretAll(
  events: readonly (CloudEvent | Item)[],
  isSingle: boolean,
  limits: EventLimits,
): Generator<undefined, readonly Interpretation[]> {
  const interpretations: Interpretation[] = [];
  for (const [index, event] of events.entries()) {
    interpretations.push(yield* interpretOne(event, isSingle ? [] : [String(index)], limits));
    yield;
  }
  return interpretations;
}

function* interpretOne(event: CloudEvent | Item, path: readonly string[], limits: EventLimits): Generator<undefined, Interpretation> {
  if ('attributes' in event) return yield* interpretInSteps(event, path, limits);
  const json = 'json' in event ? event.json : null;
  if (!isJsonObject(json)) return rejectWhole('INVALID', path, `expected a CloudEvent, got ${describeValue(json)}`);
  // Each attribute is a label or one of a few fields. Mapping half a million of them takes seconds.
  const members = keysOf(json).length;
  if (members <= 2 * limits.labelsPerResource + maxFieldMembers) return yield* interpretInSteps(fromJsonFormat(json), path, limits);
  return rejectWhole('TOO_MANY', path, `expected at most ${limits.labelsPerResource} attributes that become labels, got ${members}`);
}

function rejectWhole(code: 'INVALID' | 'TOO_MANY', path: readonly string[], expectation: string): Interpretation {
  const message = [path.join('.'), expectation].filter((part) => part !== '').join(': ');
  return { candidate: { path, problems: [{ code, path, message }] }, sourcePathOf: (eventPath) => eventPath };
}

/** The handshake of "HTTP 1.1 Web Hooks for Event Delivery", section 4. */
function webhookHandshake({ headers }: IncomingMessage, caller: Caller): HttpResponse {
  requirePermission(caller, 'emit');
  const origin = headers['webhook-request-origin'];
  const allowed = typeof origin === 'string' ? { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' } : {};
  return { status: 204, headers: { allow: methods, ...allowed } };
}

const methods = 'OPTIONS, POST';
/** Members of a CloudEvent that are no labels, and some to spare. */
const maxFieldMembers = 20;
