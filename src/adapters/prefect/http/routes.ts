import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireRight } from '../../../auth/caller.ts';
import { TidingsError } from '../../../errors.ts';
import { shown } from '../../../event/problem.ts';
import { eventCost, questionCost } from '../../../transport/rate-limit.ts';
import { isObject, readItem } from '../../json-body.ts';
import { readBody } from '../../../transport/read-body.ts';
import { answerVisit, type Reply, type Visit, type VisitParts, pathOf } from '../../handle-request.ts';
import { HttpError } from '../../../transport/http-error.ts';
import { countEventsBy, type Countable } from './event-counts.ts';
import { createPageTokens, type PageTokens } from './page-token.ts';
import { readFirstPage, readNextPage, type EventPage, type ReadPageParts } from './event-pages.ts';
import { shownEvent } from '../prefect-event.ts';
import { timeUnits, type TimeUnit } from './intervals.ts';

export interface PrefectRoutesParts extends VisitParts, ReadPageParts {
  readonly limits: ReadPageParts['limits'] & { readonly bodyBytes: number; readonly pageSize: number };
}

/** The routes by which Prefect's clients ask what happened. */
export function createPrefectRoutes(parts: PrefectRoutesParts) {
  const tokens = createPageTokens(parts.database);
  const routes: Readonly<Record<string, Route>> = {
    '/api/events/filter': {
      method: 'POST',
      answer: async (request, visit) => pageReply(await firstPage(parts, request, visit), request, tokens),
    },
    '/api/events/filter/next': {
      method: 'GET',
      async answer(request, { caller, spend }) {
        const next = await tokens.parse(tokenIn(request));
        spend(questionCost + next.limit * eventCost);
        return pageReply(await readNextPage(parts, next, caller), request, tokens);
      },
    },
    ...Object.fromEntries(countables.map((by) => [`/api/events/count-by/${by}`, countRoute(parts, by)])),
  };
  // They say nothing about events, and Prefect's clients ask them before they say who they are.
  const open: ReadonlyMap<string, unknown> = new Map<string, unknown>([
    ['/api/admin/version', prefectVersion],
    ['/api/health', true],
  ]);
  return {
    opensAt: (path: string): boolean => open.has(path) || Object.hasOwn(routes, path),
    async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const path = pathOf(request);
      const route = routes[path];
      if (route === undefined) {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(open.get(path)));
        return;
      }
      await answerVisit(parts, { request, response, door: 'prefect' }, async (visit) => {
        const { method } = request;
        if (method !== route.method)
          throw new HttpError(405, `expected ${route.method} at ${path}, got ${method}`, { headers: { allow: route.method } });
        requireRight(visit.caller, 'read');
        return route.answer(request, visit);
      });
    },
  };
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (request: IncomingMessage, visit: Visit) => Promise<Reply>;
}

async function firstPage(parts: PrefectRoutesParts, request: IncomingMessage, { caller, spend }: Visit): Promise<EventPage> {
  const { filter, limit = null } = await bodyOf(request, parts.limits.bodyBytes);
  const most = parts.limits.pageSize;
  const asked = limit ?? Math.min(usualLimit, most);
  if (typeof asked !== 'number' || !Number.isInteger(asked) || asked < 0 || asked > most) {
    throw wrong('limit', `expected a whole number from 0 to ${most}, got ${shown(asked)}`);
  }
  spend(questionCost + asked * eventCost);
  return readFirstPage(parts, { filter, limit: asked }, caller);
}

function countRoute(parts: PrefectRoutesParts, by: Countable): Route {
  return {
    method: 'POST',
    async answer(request, { caller, spend }) {
      const { filter, time_unit, time_interval } = await bodyOf(request, parts.limits.bodyBytes);
      const unit = unitOf(time_unit ?? 'day');
      const interval = time_interval ?? 1;
      if (typeof interval !== 'number' || interval < leastInterval || interval > mostInterval) {
        throw wrong('time_interval', `expected a number from ${leastInterval} to ${mostInterval}, got ${shown(interval)}`);
      }
      spend(2 * questionCost);
      return { status: 200, json: await countEventsBy(parts, by, { asked: { filter, unit, interval }, caller }) };
    },
  };
}

function unitOf(given: unknown): TimeUnit {
  const unit = (Object.keys(timeUnits) as TimeUnit[]).find((each) => each === given);
  if (unit === undefined) throw wrong('time_unit', `expected ${Object.keys(timeUnits).join(', ')}, got ${shown(given)}`);
  return unit;
}

async function bodyOf(request: IncomingMessage, most: number): Promise<Readonly<Record<string, unknown>>> {
  const body = await readBody(request, most);
  if (body.length === 0) return {};
  const item = readItem(body);
  if (!('json' in item) || !isObject(item.json)) throw new HttpError(422, 'the body: expected a JSON object, got something else');
  return item.json;
}

async function pageReply({ events, total, next }: EventPage, request: IncomingMessage, tokens: PageTokens): Promise<Reply> {
  const { host = 'localhost', 'x-forwarded-proto': scheme } = request.headers;
  const root = `${scheme === 'https' ? 'https' : 'http'}://${host}`;
  const url = next === null ? null : `${root}/api/events/filter/next?page-token=${await tokens.format(next)}`;
  return {
    status: 200,
    text: `{"events":[${events.map((event) => shownEvent(event).json).join(',')}],"total":${total},"next_page":${JSON.stringify(url)}}`,
  };
}

function tokenIn({ url }: IncomingMessage): string {
  return new URLSearchParams(url?.split('?')[1] ?? '').get('page-token') ?? '';
}

function wrong(field: string, expectation: string): TidingsError {
  return new TidingsError('BAD_USER_INPUT', `${field}: ${expectation}`, { path: [field] });
}

const countables: readonly Countable[] = ['day', 'time', 'event', 'resource'];
/** Whose clients were seen to work here; they look at the first number only. */
const prefectVersion = '3.9.1';
const usualLimit = 50;
const leastInterval = 0.01;
const mostInterval = 1_000_000;
