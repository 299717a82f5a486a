import type { IncomingMessage, ServerResponse } from 'node:http';
import { mapStepsInSlices } from '../../../concurrency/time-slices.ts';
import { requirePermission } from '../../../auth/caller.ts';
import { TidingsError } from '../../../errors.ts';
import { describeValue } from '../../../event/problem.ts';
import type { OperationBudget, ReadBudgets } from '../../../store/database/read-budget.ts';
import { limitStall, releaseWhenSent } from '../../../transport/sent-response.ts';
import { HttpError } from '../../../transport/http-error.ts';
import { eventCost, logQueryCost } from '../../../transport/rate-limit.ts';
import { readBody } from '../../../transport/read-body.ts';
import { handleRequest, type HttpResponse, type AuthenticatedRequest, type RequestHandlerParts, pathOf } from '../../handle-request.ts';
import { isJsonObject } from '../../../json/exact-number.ts';
import { readBodyItem } from '../../json-body.ts';
import { queryParameters } from '../../query-parameters.ts';
import { prefectEventInSteps } from '../prefect-event.ts';
import { countEventsBy, type CountDimension } from './event-counts.ts';
import { readFirstPage, readNextPage, type EventPage, type EventReadParts } from './event-pages.ts';
import { timeUnits, type TimeUnit } from './intervals.ts';
import { createPageTokens, type PageTokens } from './page-token.ts';

export interface PrefectRoutesParts extends RequestHandlerParts, EventReadParts {
  readonly budgets: ReadBudgets;
  readonly limits: EventReadParts['limits'] & { readonly bodyBytes: number; readonly pageSize: number };
}

/** Prefect's routes for pages and counts of events. */
export function createPrefectRoutes(parts: PrefectRoutesParts) {
  const tokens = createPageTokens(parts.database);
  const routes: Readonly<Record<string, Route>> = {
    '/api/events/filter': {
      method: 'POST',
      respond: async (request, authenticated) => pageResponse(await firstPage(parts, request, authenticated), request, tokens),
    },
    '/api/events/filter/next': {
      method: 'GET',
      async respond(request, { caller, reader, charge, budget }) {
        const next = await tokens.parse(queryParameters(request.url ?? '', [tokenName]).get(tokenName) ?? '');
        charge(logQueryCost + next.limit * eventCost);
        return pageResponse(await readNextPage({ ...readingParts(parts, reader), budget }, next, caller), request, tokens);
      },
    },
    ...Object.fromEntries(countDimensions.map((by) => [`/api/events/count-by/${by}`, countRoute(parts, by)])),
  };
  // They reveal nothing about events, and Prefect's clients request them without a key.
  const publicResponses: ReadonlyMap<string, unknown> = new Map<string, unknown>([
    ['/api/admin/version', prefectVersion],
    ['/api/health', true],
  ]);
  return {
    matchesPath: (path: string): boolean => publicResponses.has(path) || Object.hasOwn(routes, path),
    async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const path = pathOf(request);
      const route = routes[path];
      if (route === undefined) {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(publicResponses.get(path)));
        return;
      }
      const budget = parts.budgets.forOperation();
      releaseWhenSent(budget, response);
      await handleRequest(parts, { request, response, protocol: 'prefect' }, async (authenticated) => {
        const { method } = request;
        if (method !== route.method)
          throw new HttpError(405, `expected ${route.method} at ${path}, got ${method}`, { headers: { allow: route.method } });
        requirePermission(authenticated.caller, 'read');
        const responded = await route.respond(request, { ...authenticated, budget });
        budget.park();
        limitStall(response);
        return responded;
      });
    },
  };
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly respond: (request: IncomingMessage, authenticated: BudgetedRequest) => Promise<HttpResponse>;
}

interface BudgetedRequest extends AuthenticatedRequest {
  readonly budget: OperationBudget;
}

async function firstPage(
  parts: PrefectRoutesParts,
  request: IncomingMessage,
  { caller, reader, charge, budget }: BudgetedRequest,
): Promise<EventPage> {
  const { filter, limit = null } = await bodyOf(request, parts.limits.bodyBytes);
  const maxLimit = parts.limits.pageSize;
  const requestedLimit = limit ?? Math.min(defaultLimit, maxLimit);
  if (typeof requestedLimit !== 'number' || !Number.isInteger(requestedLimit) || requestedLimit < 0 || requestedLimit > maxLimit) {
    throw invalidField('limit', `expected a whole number from 0 to ${maxLimit}, got ${describeValue(requestedLimit)}`);
  }
  charge(logQueryCost + requestedLimit * eventCost);
  return readFirstPage({ ...readingParts(parts, reader), budget }, { filter, limit: requestedLimit }, caller);
}

function countRoute(parts: PrefectRoutesParts, by: CountDimension): Route {
  return {
    method: 'POST',
    async respond(request, { caller, reader, charge }) {
      const { filter, time_unit, time_interval } = await bodyOf(request, parts.limits.bodyBytes);
      const unit = unitOf(time_unit ?? 'day');
      const interval = time_interval ?? 1;
      if (typeof interval !== 'number' || interval < minInterval || interval > maxInterval) {
        throw invalidField('time_interval', `expected a number from ${minInterval} to ${maxInterval}, got ${describeValue(interval)}`);
      }
      charge(2 * logQueryCost);
      return { status: 200, json: await countEventsBy(readingParts(parts, reader), by, { request: { filter, unit, interval }, caller }) };
    },
  };
}

/** The parts for reads that end when the client leaves. */
function readingParts(parts: PrefectRoutesParts, reader: AuthenticatedRequest['reader']): EventReadParts {
  return { ...parts, database: parts.database.reads(reader) };
}

function unitOf(given: unknown): TimeUnit {
  const unit = (Object.keys(timeUnits) as TimeUnit[]).find((each) => each === given);
  if (unit === undefined) throw invalidField('time_unit', `expected ${Object.keys(timeUnits).join(', ')}, got ${describeValue(given)}`);
  return unit;
}

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Readonly<Record<string, unknown>>> {
  queryParameters(request.url ?? '', []);
  const body = await readBody(request, maxBytes);
  if (body.length === 0) return {};
  const item = await readBodyItem(body);
  if ('json' in item && isJsonObject(item.json)) return item.json;
  const got = 'json' in item ? describeValue(item.json) : item.notJson;
  throw new HttpError(422, `the body: expected a JSON object, got ${got}`);
}

async function pageResponse({ events, total, next }: EventPage, request: IncomingMessage, tokens: PageTokens): Promise<HttpResponse> {
  const { host = 'localhost', 'x-forwarded-proto': scheme } = request.headers;
  const root = `${scheme === 'https' ? 'https' : 'http'}://${host}`;
  const url = next === null ? null : `${root}/api/events/filter/next?${tokenName}=${await tokens.format(next)}`;
  const messages = await mapStepsInSlices(events, prefectEventInSteps);
  return {
    status: 200,
    text: `{"events":[${messages.map(({ json }) => json).join(',')}],"total":${total},"next_page":${JSON.stringify(url)}}`,
  };
}

function invalidField(field: string, expectation: string): TidingsError {
  return new TidingsError('BAD_USER_INPUT', `${field}: ${expectation}`, { path: [field] });
}

const countDimensions: readonly CountDimension[] = ['day', 'time', 'event', 'resource'];
/** The tested version of Prefect. Its clients compare only the major version. */
const prefectVersion = '3.9.1';
const tokenName = 'page-token';
const defaultLimit = 50;
const minInterval = 0.01;
const maxInterval = 1_000_000;
