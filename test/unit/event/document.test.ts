import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentBytes, fromDocument, toDocument } from '../../../src/event/document.ts';
import { labelKeys, labelOf, type EventDraft } from '../../../src/event/event.ts';
import { fromMicros } from '../../../src/event/instant.ts';
import { storableText } from '../support/code-points.ts';
import { draftOf, problemsOf } from '../support/valid-event.ts';

const document = {
  id: 'e1',
  occurred: '2026-11-23T14:41:10.863461Z',
  event: 'acme.user.logged-in',
  resource: { 'prefect.resource.id': 'acme.user.kiki', 'prefect.resource.name': 'Kiki', plan: 'free' },
  related: [{ 'prefect.resource.id': 'acme.user.jo', 'prefect.resource.role': 'actor', team: 'a' }],
  payload: { a: [1] },
  follows: 'e0',
};

describe('an event document', () => {
  test('converts to an event and back', () => {
    const draft = draftOf(fromDocument(document));
    expect(draft).toEqual({
      ...document,
      resource: { id: 'acme.user.kiki', labels: { 'prefect.resource.name': 'Kiki', plan: 'free' } },
      related: [{ id: 'acme.user.jo', role: 'actor', labels: { team: 'a' } }],
    });
    expect(toDocument(draft)).toEqual(document);
  });

  test('is the measure of the size of an event', () => {
    expect(documentBytes(draftOf(fromDocument(document)))).toBe(Buffer.byteLength(JSON.stringify(document)));
  });

  test('of any event converts back to the event', () => {
    fc.assert(
      fc.property(drafts, (draft) => {
        const read = draftOf(fromDocument(JSON.parse(JSON.stringify(toDocument(draft)))));
        expect(read).toEqual(draft);
        expect(labelEntries(read)).toEqual(labelEntries(draft));
      }),
    );
  });

  test('may have a role on its primary resource, as an ordinary label', () => {
    const resource = { ...document.resource, 'prefect.resource.role': 'owner' };
    const draft = draftOf(fromDocument({ ...document, resource }));
    expect(draft.resource).not.toHaveProperty('role');
    expect(labelOf(draft.resource, labelKeys.role)).toBe('owner');
    expect(toDocument(draft)).toEqual({ ...document, resource });
  });

  test('may have 500 labels beside id and role', () => {
    const related = (labels: number) => [
      { ...document.related[0], ...Object.fromEntries(Array.from({ length: labels - 1 }, (_, index) => [`l${index}`, 'x'])) },
    ];
    expect(problemsOf(fromDocument({ ...document, related: related(500) }))).toEqual([]);
    expect(problemsOf(fromDocument({ ...document, related: related(501) }))).toEqual(['TOO_MANY input.3.related.0.labels']);
  });
});

describe('an object that is not an event document is rejected', () => {
  test.each([
    [{ resource: undefined }, 'REQUIRED input.3.resource'],
    [{ resource: 'acme.user.kiki' }, 'INVALID input.3.resource'],
    [{ resource: ['acme.user.kiki'] }, 'INVALID input.3.resource'],
    [{ resource: {} }, 'REQUIRED input.3.resource.id'],
    [{ resource: { id: 'acme.user.kiki' } }, 'REQUIRED input.3.resource.id'],
    [{ resource: { 'prefect.resource.id': 'r', plan: 5 } }, 'INVALID input.3.resource.labels.plan'],
    [{ resource: { 'prefect.resource.id': 'r', plan: null } }, 'INVALID input.3.resource.labels.plan'],
    [{ related: {} }, 'INVALID input.3.related'],
    [{ related: [null] }, 'REQUIRED input.3.related.0'],
    [{ related: [{ 'prefect.resource.id': 'r' }] }, 'REQUIRED input.3.related.0.role'],
    [{ related: [{ 'prefect.resource.role': 'r' }] }, 'REQUIRED input.3.related.0.id'],
  ])('%j', (wrong, problem) => {
    expect(problemsOf(fromDocument({ ...document, ...wrong }))).toEqual([problem]);
  });
});

const text = (maxLength: number) => storableText(1, maxLength);
const keys = (reserved: readonly string[]) =>
  fc
    .oneof(text(20), fc.constantFrom('__proto__', 'id', 'role', 'labels', ...Object.values(labelKeys)))
    .filter((key) => !reserved.includes(key));
const labels = (reserved: readonly string[]) =>
  fc.array(fc.tuple(keys(reserved), storableText(0, 20)), { maxLength: 6 }).map((entries) => Object.fromEntries(entries));
const drafts: fc.Arbitrary<EventDraft> = fc.record({
  id: text(255),
  occurred: fc.option(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 17n }).map((micros) => fromMicros(micros)!)),
  event: text(40),
  resource: fc.record({ id: text(40), labels: labels([labelKeys.id]) }),
  related: fc.array(fc.record({ id: text(40), role: text(20), labels: labels([labelKeys.id, labelKeys.role]) }), { maxLength: 4 }),
  payload: fc.dictionary(text(20), fc.jsonValue({ maxDepth: 3 })).map((payload) => JSON.parse(JSON.stringify(payload))),
  follows: fc.option(text(40)),
});

/** Every label as a pair, because toEqual ignores the key __proto__. */
function labelEntries({ resource, related }: EventDraft): unknown {
  return [resource, ...related].map((each) => Object.entries(each.labels).map(String).toSorted());
}
