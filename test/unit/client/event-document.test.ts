import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from '../../../src/cli/terminal/format-text.ts';
import { eventDocument, parseLossless, type JsonObject } from '../../../src/client/tidings-client.ts';
import { toDocument } from '../../../src/event/document.ts';
import { parseInstant } from '../../../src/event/instant.ts';
import { parseJson } from '../../../src/json/parse-json.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';

const text = fc.string({ unit: fc.constantFrom('a', '.', '"', '\\', '\n', '\u0007', '\u202E', '\u2028', 'é', '😀', '__proto__', '1') });
const labels = fc.dictionary(text, text, { maxKeys: 4 });
const event = fc.record({
  id: text,
  occurred: fc.constant(parseInstant('2026-11-23T14:41:10.863461Z')!),
  event: text,
  resource: fc.record({ id: text, labels }),
  related: fc.array(fc.record({ id: text, role: text, labels }), { maxLength: 3 }),
  follows: fc.option(text),
});
const payload = fc.oneof(
  fc.dictionary(text, fc.jsonValue()).map((value) => JSON.stringify(value)),
  fc.constant('{"n":9007199254740993}'),
);

test('an event document is that of the server, with the role of a primary resource, without control characters', () => {
  fc.assert(
    fc.property(event, payload, fc.option(text), ({ follows, resource, ...given }, json, role) => {
      const position = { received: '2026-11-23T14:41:11.000001Z', cursor: '01' };
      const withRole = { ...resource, labels: { ...(role !== null && { 'prefect.resource.role': role }), ...resource.labels } };
      const document = toDocument({ ...given, resource: withRole, follows, payload: parseJson(json) as JsonObject });
      const read = {
        ...given,
        ...position,
        resource: { ...resource, role },
        followsId: follows,
        payload: parseLossless(json) as JsonObject,
      };
      expect(eventDocument(read)).toBe(printable(stringifyJson({ ...document, ...position })));
    }),
  );
});
