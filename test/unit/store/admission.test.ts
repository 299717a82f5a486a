import { expect, test } from 'vitest';
import { Admission, maxReads, maxReadsPerOperation, type Turn } from '../../../src/store/database/admission.ts';

/** Statements by name, in the order in which they began. */
class Statements {
  readonly begun: string[] = [];
  readonly failed: string[] = [];
  private readonly turns = new Map<string, Turn>();

  constructor(private readonly admission: Admission) {}

  async enter(name: string, turn: Turn): Promise<void> {
    this.turns.set(name, turn);
    this.admission.enter(turn).then(
      () => this.begun.push(name),
      (error: { code: string }) => this.failed.push(`${name} ${error.code}`),
    );
    await settle();
  }

  async leave(name: string): Promise<void> {
    this.admission.leave(this.turns.get(name)!);
    await settle();
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const write: Turn = { client: null };
const by = (client: string, signal?: AbortSignal): Turn => ({ client, ...(signal && { signal }) });

test('reads leave connections free, and each operation leaves some to other reads', () => {
  const bounds = [1, 2, 3, 6, 10, 200].map((size) => [size, maxReads(size), maxReadsPerOperation(size)]);
  expect(bounds).toEqual([
    [1, 1, 1],
    [2, 1, 1],
    [3, 1, 1],
    [6, 2, 1],
    [10, 3, 2],
    [200, 66, 33],
  ]);
});

test('what is no read comes before all waiting reads', async () => {
  const statements = new Statements(new Admission(() => 2));
  await statements.enter('read 1', by('a'));
  await statements.enter('read 2', by('a'));
  await statements.enter('write 1', write);
  await statements.enter('write 2', write);
  await statements.enter('write 3', write);
  expect(statements.begun).toEqual(['read 1', 'write 1']);
  await statements.leave('read 1');
  await statements.leave('write 1');
  await statements.leave('write 2');
  expect(statements.begun).toEqual(['read 1', 'write 1', 'write 2', 'write 3', 'read 2']);
});

test('steady writes do not exclude reads: one follows three of them', async () => {
  const statements = new Statements(new Admission(() => 1));
  for (let n = 1; n <= 7; n += 1) await statements.enter(`write ${n}`, write);
  for (let n = 1; n <= 2; n += 1) await statements.enter(`read ${n}`, by('a'));
  for (let n = 0; n < 8; n += 1) await statements.leave(statements.begun[n]!);
  expect(statements.begun).toEqual(['write 1', 'write 2', 'write 3', 'read 1', 'write 4', 'write 5', 'write 6', 'read 2', 'write 7']);
});

test('clients take turns, however many reads of each wait', async () => {
  const statements = new Statements(new Admission(() => 2)); // one read at a time
  for (let n = 1; n <= 5; n += 1) await statements.enter(`a${n}`, by('a'));
  await statements.enter('b1', by('b'));
  await statements.enter('b2', by('b'));
  await statements.enter('c1', by('c'));
  for (let at = 0; at < 7; at += 1) await statements.leave(statements.begun[at]!);
  expect(statements.begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4', 'a5']);
});

test('a client with fewer running reads is next', async () => {
  const statements = new Statements(new Admission(() => 9)); // three reads at a time
  for (let n = 1; n <= 4; n += 1) await statements.enter(`a${n}`, by('a'));
  await statements.enter('b1', by('b'));
  await statements.enter('b2', by('b'));
  await statements.leave('a1'); // a: 2 running
  await statements.leave('a2'); // a: 1, b: 1; b was served last
  expect(statements.begun).toEqual(['a1', 'a2', 'a3', 'b1', 'a4']);
});

test('a statement that is no longer needed never begins, and holds up none', async () => {
  const statements = new Statements(new Admission(() => 1));
  const [left, alreadyLeft] = [new AbortController(), new AbortController()];
  alreadyLeft.abort();
  await statements.enter('first', by('a'));
  await statements.enter('abandoned', by('a', left.signal));
  await statements.enter('second', by('a'));
  await statements.enter('too late', by('a', alreadyLeft.signal));
  left.abort();
  await statements.leave('first');
  expect(statements.begun).toEqual(['first', 'second']);
  expect(statements.failed).toEqual(['too late CANCELLED', 'abandoned CANCELLED']);
  await statements.leave('second');
  await statements.enter('third', by('b'));
  expect(statements.begun.at(-1)).toBe('third');
});

test('a smaller capacity counts from then on', async () => {
  let capacity = 3;
  const statements = new Statements(new Admission(() => capacity));
  for (const name of ['1', '2', '3', '4', '5']) await statements.enter(name, write);
  capacity = 1;
  await statements.leave('1');
  await statements.leave('2');
  expect(statements.begun).toEqual(['1', '2', '3']);
  await statements.leave('3');
  expect(statements.begun).toEqual(['1', '2', '3', '4']);
});
