import { describe, expect, test } from 'vitest';
import { labelOf, nameOf, shownLabels } from '../../../src/event/event.ts';
import { draftOf, eventWith, problemsOf } from '../support/valid-event.ts';

const [idKey, roleKey, nameKey] = ['prefect.resource.id', 'prefect.resource.role', 'prefect.resource.name'] as const;

describe('a label with the key of a field', () => {
  test.each([
    ['resource', 'resource.labels', { [idKey]: 'acme.user.kiki', [nameKey]: 'Kiki', plan: 'free' }],
    ['resource', 'resource.labels', { [nameKey]: 'Kiki', plan: 'free' }],
    ['related', 'related.1.labels', { [idKey]: 'acme.user.jo', [roleKey]: 'actor', [nameKey]: 'Jo', team: 'a' }],
  ] as const)('of a %s resource can have the value of the field: %3$j', (kind, path, labels) => {
    const { resource, related } = draftOf(eventWith(path, labels));
    expect(kind === 'resource' ? resource : related[1]).toEqual(
      kind === 'resource'
        ? { id: 'acme.user.kiki', labels: { plan: 'free', [nameKey]: 'Kiki' } }
        : { id: 'acme.user.jo', role: 'actor', labels: { team: 'a', [nameKey]: 'Jo' } },
    );
  });

  test.each([
    ['resource.labels', idKey],
    ['resource.labels', nameKey],
    ['related.1.labels', idKey],
    ['related.1.labels', roleKey],
    ['related.1.labels', nameKey],
  ])('in %s, %s cannot have another value', (path, key) => {
    for (const other of ['other', '']) {
      expect(problemsOf(eventWith(path, { [key]: other, a: 'b' }))).toEqual([`INVALID input.3.${path}.${key}`]);
    }
  });

  test('is an ordinary label if the field is absent or null', () => {
    const resource = { id: 'r', name: null, labels: { [nameKey]: 'Kiki', [roleKey]: 'owner', 'prefect.name': 'K' } };
    expect(draftOf(eventWith('resource', resource)).resource).toEqual({ id: 'r', labels: resource.labels });
    expect(problemsOf(eventWith('resource.labels', { 'prefect.name': 'not Kiki' }))).toEqual([]);
  });
});

describe('labels are plain keys', () => {
  const plain = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'id', 'role', 'name', 'labels', '0', ' ', '.'];

  test.each(['resource', 'related.1'])('of %s: names of built-in properties are stored', (path) => {
    const given = JSON.parse(`{${plain.map((key) => `${JSON.stringify(key)}: "mine"`).join()}}`);
    const { resource, related } = draftOf(eventWith(`${path}.labels`, given));
    const described = path === 'resource' ? resource : related[1]!;
    expect(Object.keys(described.labels).toSorted()).toEqual([...plain, nameKey].toSorted());
    for (const key of plain) expect(labelOf(described, key)).toBe('mine');
    expect(Object.getPrototypeOf(described.labels)).toBe(Object.prototype);
  });

  test('a missing label is null, also if its key is a built-in property', () => {
    for (const key of plain) expect(labelOf({ id: 'r', labels: {} }, key)).toBeNull();
  });

  test('an invalid value of one is rejected like any other', () => {
    for (const key of ['__proto__', 'constructor']) {
      const given = JSON.parse(`{"${key}": {"polluted": "yes"}}`);
      expect(problemsOf(eventWith('resource.labels', given))).toEqual([`INVALID input.3.resource.labels.${key}`]);
    }
    expect(({} as any).polluted).toBeUndefined();
  });
});

describe('the fields of a resource read as labels', () => {
  const related = { id: 'r', role: 'actor', labels: { [nameKey]: 'Kiki', plan: 'free' } };

  test('id, role and name', () => {
    expect([idKey, roleKey, nameKey, 'plan', 'other'].map((key) => labelOf(related, key))).toEqual(['r', 'actor', 'Kiki', 'free', null]);
  });

  test('a role given as a label of a primary resource can be read by its key, but is not among the shown labels', () => {
    const primary = { id: 'r', labels: { [roleKey]: 'owner', plan: 'free' } };
    expect(labelOf(primary, roleKey)).toBe('owner');
    expect(shownLabels(primary)).toEqual({ plan: 'free' });
    expect(labelOf({ id: 'r', labels: {} }, roleKey)).toBeNull();
  });

  test('the name is prefect.resource.name, else prefect.name, else null', () => {
    const name = (labels: Readonly<Record<string, string>>): readonly unknown[] => [
      nameOf({ id: 'r', labels }),
      labelOf({ id: 'r', labels }, nameKey),
    ];
    expect(name({ [nameKey]: 'a', 'prefect.name': 'b' })).toEqual(['a', 'a']);
    expect(name({ 'prefect.name': 'b' })).toEqual(['b', 'b']);
    expect(name({})).toEqual([null, null]);
    expect(name({ [nameKey]: '', 'prefect.name': 'b' })).toEqual(['', '']);
  });
});
