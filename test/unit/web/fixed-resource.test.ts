import { expect, test } from 'vitest';
import type { EventFilter } from '../../../src/client/tidings-client.ts';
import { fixedResource } from '../../../src/web/resource/fixed-resource.ts';

test.each<[EventFilter, string | null]>([
  [{}, null],
  [{ resource: { id: { in: ['a.1'] } } }, 'a.1'],
  [{ resource: { id: { like: ['a.1'] } } }, 'a.1'],
  [{ resource: { id: { like: ['a.*'] } } }, null],
  [{ resource: { id: { in: ['a.1', 'a.2'] } } }, null],
  [{ resource: { id: { startsWith: ['a.1'] } } }, null],
  [{ anyResource: [{ id: { in: ['a.1'] } }], event: { in: ['x'] } }, 'a.1'],
  [{ and: [{ text: 'failed' }, { and: [{ resource: { id: { in: ['a.1'] } } }] }] }, 'a.1'],
  [{ and: [{ resource: { id: { in: ['a.1'] } } }, { anyResource: [{ id: { in: ['a.2'] } }] }] }, null],
  [{ or: [{ resource: { id: { in: ['a.1'] } } }] }, null],
  [{ not: { resource: { id: { in: ['a.1'] } } } }, null],
])('%j fixes %s', (filter, id) => expect(fixedResource(filter)).toBe(id));
