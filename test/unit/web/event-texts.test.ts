import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import {
  commandText,
  curlText,
  queryText,
  rowText,
  shellWord,
  typeScriptText,
  type RowEvent,
} from '../../../src/web/detail/event-texts.ts';

const event: RowEvent = {
  occurred: '2026-11-23T14:41:10.863461Z',
  event: 'acme.order.paid',
  resource: { id: 'acme.order.4711', name: 'Order 4711' },
  related: [{ id: 'acme.user.kiki', role: 'actor', name: null }],
};

test('a row is one line', () => {
  const hostile = { ...event, event: 'a\nb', related: [{ ...event.related[0]!, name: '\u001b[31m' }] };
  expect(rowText(hostile)).toBe('2026-11-23T14:41:10.863461Z  a\\nb  Order 4711  actor=\\u{1b}[31m');
});

describe('whatever the id is', () => {
  const ids = fc.string({
    minLength: 1,
    maxLength: 12,
    unit: fc.oneof(
      fc.constantFrom("'", '"', '\\', '$', '`', '\n', '\u001b', '\u202e', '!', '\u{e0041}', ' '),
      fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' }),
    ),
  });

  test('a shell reads one word, and a terminal shows it', () => {
    const words = fc.sample(ids, 200).filter((id) => !id.includes('\0'));
    const script = words.map((id) => `printf '%s\\0' ${shellWord(id)}`).join('\n');
    const printed = execFileSync('bash', ['-c', script], { env: { LC_ALL: 'C.UTF-8' } }).toString();
    expect(printed.split('\0').slice(0, -1).map(wellFormed)).toEqual(words.map(wellFormed));
    expect(script.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  });

  test('the query asks for it', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const [operation] = parse(queryText(id)).definitions;
        expect(JSON.stringify(operation)).toContain(`"value":${JSON.stringify(id)},"block":false`);
        expect(typeScriptText('http://x', id, false).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });
});

test('a key is never in a copy', () => {
  expect(curlText('http://127.0.0.1:4000', "it's", true)).toBe(
    `curl http://127.0.0.1:4000/graphql \\
  -H 'content-type: application/json' \\
  -H "authorization: Bearer $TIDINGS_KEY" \\
  -d '{"query":"query Event($id: ID!) { event(id: $id) { id occurred received event resource { resourceId name labels } related { role resourceId name labels } payload followsId cursor } }","variables":{"id":"it'\\''s"}}'`,
  );
  expect(typeScriptText('http://x', 'a', true)).toContain(', { key });');
  expect(commandText('http://x', 'a b')).toBe("npm run tidings -- chain 'a b' --url http://x");
});

/** bash cannot write a half of a surrogate pair. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}
