import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import { createOriginPolicy } from '../../../src/transport/origin-policy.ts';

const list = [
  'https://feed.example.com',
  'https://*.apps.example.com',
  'http://*.local.example:8080',
  'https://*.bücher.example',
  'capacitor://localhost',
  'chrome-extension://abcdefghijklmnop',
];
const { allowedOrigins } = readSettings({ TIDINGS_ALLOWED_ORIGINS: list.join(',') });
const policy = createOriginPolicy({ allowedOrigins }, { isOpen: false });

type Headers = Readonly<Record<string, string>>;

function isRejected(headers: Headers): boolean {
  return policy.rejectionOf({ headers: { host: 'events.example.com', ...headers } } as unknown as IncomingMessage) !== null;
}

test.each([
  'https://feed.example.com',
  'https://a.apps.example.com',
  'https://a.b.apps.example.com',
  'https://xn--bcher-kva.apps.example.com',
  'https://a.xn--bcher-kva.example',
  'http://a.local.example:8080',
  'capacitor://localhost',
  'chrome-extension://abcdefghijklmnop',
  'https://events.example.com',
  'http://events.example.com',
])('%s can use the server', (origin) => expect(isRejected({ origin })).toBe(false));

test.each([
  'null',
  '',
  '*',
  'https://apps.example.com',
  'https://.apps.example.com',
  'https://*.apps.example.com',
  'https://evilapps.example.com',
  'https://a.apps.example.com.evil.example',
  'https://a.apps.example.com.',
  'https://a.apps.example.com:443',
  'https://a.apps.example.com:8443',
  'http://a.apps.example.com',
  'HTTPS://a.apps.example.com',
  'https://A.apps.example.com',
  'https://evil.example/.apps.example.com',
  'https://evil.example#.apps.example.com',
  'https://evil.example?.apps.example.com',
  'https://evil.example\\.apps.example.com',
  'https://user@a.apps.example.com',
  'https://evil.example:1@a.apps.example.com',
  'https://a..apps.example.com',
  'https://a.bücher.example',
  'https://а.apps.example.com',
  'https://a b.apps.example.com',
  'https://a.apps.example.com, https://evil.example',
  'http://a.local.example',
  'http://a.local.example:80801',
  'capacitor://localhost.evil.example',
  'capacitor://evil',
  'ionic://localhost',
  'chrome-extension://abcdefghijklmnopq',
  'chrome-extension://ABCDEFGHIJKLMNOP',
  'capacitor://events.example.com',
  'ftp://events.example.com',
  'https://feed.example.com.',
  'https://feed.example.com:444',
])('%s cannot', (origin) => expect(isRejected({ origin })).toBe(true));

test.each([
  ['a.apps.example.com', false],
  ['A.Apps.example.com', false],
  ['feed.example.com', false],
  ['apps.example.com', true],
  ['a.apps.example.com:1', true],
  ['abcdefghijklmnop', true],
  ['evil.example', true],
])('a server without keys and the Host %s: rejected %s', (host, rejected) => {
  const open = createOriginPolicy({ allowedOrigins }, { isOpen: true });
  expect(open.rejectionOf({ headers: { host } } as IncomingMessage) !== null).toBe(rejected);
});

/** The headers of the response to a preflight; null: it is not answered. */
function preflight(headers: Headers): Headers | null {
  const sent: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (sent[name] = value),
    appendHeader: (name: string, value: string) => (sent[name] = [sent[name] ?? [], value].flat().join(', ')),
    writeHead: (_status: number, more: Headers) => Object.assign(sent, more),
    end: () => undefined,
  };
  const request = { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST', ...headers } };
  const isAnswered = policy.answerPreflight(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  return isAnswered ? sent : null;
}

test('a preflight allows the headers that libraries of pages add', () => {
  const origin = 'https://a.apps.example.com';
  const requested = 'apollographql-client-name,authorization, baggage,content-type,sentry-trace,traceparent';
  expect(preflight({ origin, 'access-control-request-headers': requested })).toEqual({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'retry-after, x-request-id',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': requested,
    'access-control-max-age': '7200',
    vary: 'origin, access-control-request-headers',
  });
});

test.each(['', ' ', 'a b', 'a;b', 'a,,b', 'x"y', 'é', 'a\r\nset-cookie: b'])(
  'a preflight repeats no invalid list of names: %j',
  (requested) => {
    const headers = preflight({ origin: 'https://feed.example.com', 'access-control-request-headers': requested });
    expect(headers?.['access-control-allow-headers']).toBe('authorization, content-type, last-event-id');
  },
);

test('a preflight of another origin is not answered', () => {
  expect(preflight({ origin: 'https://evil.example' })).toBeNull();
});
