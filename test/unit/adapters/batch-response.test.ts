import { describe, expect, test } from 'vitest';
import { batchResponse } from '../../../src/adapters/batch-response.ts';
import type { Problem } from '../../../src/event/problem.ts';

const path = (index: number, n: number): readonly string[] => [String(index), 'related', String(n), 'role'];
const problem = (index: number, n: number): Problem => ({
  code: 'REQUIRED',
  path: path(index, n),
  message: `${path(index, n).join('.')}: expected a non-empty string, got nothing`,
});
const batchOf = (events: number, problems: number) => ({
  outcomes: Array.from({ length: events }, (_, index) => ({
    status: 'REJECTED' as const,
    problems: Array.from({ length: problems }, (__, n) => problem(index, n)),
  })),
  events: Array.from({ length: events }, () => ({ unknownMembers: [] })),
  isSingle: false,
  sourcePathOf: (_index: number, each: readonly string[]) => each,
});

describe('a response about 50,000 events with ten problems each has the first 1,000, and counts the others', () => {
  const batch = batchOf(50_000, 10);
  test('one that rejects all', async () => {
    const { status, json } = (await batchResponse(batch, 'REJECT_ALL')) as { status: number; json: any };
    expect([status, json.exception_detail.length, json.omitted_details]).toEqual([422, 1000, 499_000]);
    expect(json.exception_message).toBe('Nothing was stored: 50000 of 50000 events were rejected.');
    expect(json.exception_detail[999].loc).toEqual(['body', 99, 'related', '9', 'role']);
    expect(JSON.stringify(json).length).toBeLessThan(200_000);
  });

  test('one with a result for each event', async () => {
    const { status, json } = (await batchResponse(batch, 'SKIP_REJECTED')) as { status: number; json: any };
    expect([status, json.results.length, json.rejected, json.omitted_details]).toEqual([200, 50_000, 50_000, 499_000]);
    expect(json.results.map(({ detail }: any) => detail.length)).toEqual([...Array(100).fill(10), ...Array(49_900).fill(0)]);
    expect(JSON.stringify(json).length).toBeLessThan(4_000_000);
  });
});

test('a response with few problems omits none', async () => {
  for (const policy of ['REJECT_ALL', 'SKIP_REJECTED'] as const) {
    expect((await batchResponse(batchOf(100, 10), policy)).json).not.toHaveProperty('omitted_details');
  }
});
