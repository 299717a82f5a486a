import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLossless, TidingsError, type EventFilter, type Tidings } from '../../../src/client/tidings-client.ts';
import { clientProgram, curlCommand, graphqlVariables, shellWord, tailCommand } from '../../../src/web/export/copies.ts';
import { csvLine } from '../../../src/web/export/csv.ts';
import { chosenColumns, eventColumns } from '../../../src/web/export/csv-columns.ts';
import { exportEvents, type ExportProgress } from '../../../src/web/export/export-events.ts';
import { parseQuery } from '../../../src/web/query/query-text.ts';

describe('csvLine', () => {
  test.each<[unknown, string]>([
    ['=1+1', "'=1+1"],
    ['+49 30', "'+49 30"],
    ['-5', "'-5"],
    ['@sum', "'@sum"],
    ['\tx', "'\tx"],
    ['\r=1', '"\'\r=1"'],
    ['＝1', "'＝1"],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    [' padded', '" padded"'],
    [-5, '-5'],
    [parseLossless('-9007199254740993'), '-9007199254740993'],
    [parseLossless('0.10000000000000000555'), '0.10000000000000000555'],
    ['2026-11-23T14:41:10.863461Z', '2026-11-23T14:41:10.863461Z'],
    [parseLossless('{"a":[9007199254740993]}'), '"{""a"":[9007199254740993]}"'],
    [true, 'true'],
    [null, ''],
    [undefined, ''],
  ])('%j', (value, expected) => {
    expect(csvLine([value, 'end'])).toBe(`${expected},end\r\n`);
  });

  test('can be read again by the rules of RFC 4180, and no text is a formula', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: fc.constantFrom(...'ab ,"\r\n=+-@\t\'') }), { minLength: 1 }), { minLength: 1 }),
        (rows) => {
          const read = readCsv(rows.map((row) => csvLine(row)).join(''));
          expect(read).toEqual(rows.map((row) => row.map((cell) => (/^[=+\-@\t\r\n]/.test(cell) ? `'${cell}` : cell))));
          expect(read.flat().filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
        },
      ),
    );
  });
});

/** A plain reader of RFC 4180. */
function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  let at = 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      for (at += 1; text[at] !== '"' || text[at + 1] === '"'; at += 1) {
        if (text[at] === '"') at += 1;
        cell += text[at];
      }
      at += 1;
    } else {
      for (; text[at] !== ',' && text[at] !== '\r'; at += 1) cell += text[at];
    }
    rows.at(-1)?.push(cell);
    if (text[at] === ',') at += 1;
    else {
      expect(text.slice(at, at + 2)).toBe('\r\n');
      at += 2;
      rows.push([]);
    }
  }
  rows.pop();
  return rows;
}

test('columns of a table select what they need, with quoted names', () => {
  const columns = [...eventColumns, ...chosenColumns(['region', 'label.payload.x', 'payload.a."b\\"c".0'])];
  expect(columns.slice(-3).map(({ header, select }) => [header, select])).toEqual([
    ['region', 'resource { c0: label(key: "region") }'],
    ['label.payload.x', 'resource { c1: label(key: "payload.x") }'],
    ['payload.a."b\\"c".0', String.raw`c2: payloadAt(path: "a.\"b\\\"c\".0")`],
  ]);
  const event = {
    id: 'e',
    occurred: 'o',
    received: 'r',
    event: 'n',
    follows: null,
    resource: { id: 'i', name: null, c0: 'eu', c1: null },
    related: [
      { role: 'actor', id: 'kiki' },
      { role: 'flow', id: 'f' },
    ],
    c2: 1,
  };
  expect(columns.map(({ cell }) => cell(event))).toEqual(['o', 'n', 'i', null, 'actor=kiki; flow=f', 'r', 'e', null, 'eu', null, 1]);
});

describe('shellWord', () => {
  test('is one word of sh, whatever the text', () => {
    const texts = fc.sample(fc.string({ unit: fc.constantFrom(...'a\'"$`\\ \n*?~!#&;|<>()[]{}%=é\t-') }), { seed: 3, numRuns: 300 });
    const command = `printf '%s\\0' ${texts.map(shellWord).join(' ')}`;
    const words = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).split('\0').slice(0, -1);
    expect(words).toEqual(texts);
  });
});

describe('copies of a filter', () => {
  const selection = (query: string, hasKey = false) =>
    ({ origin: 'http://127.0.0.1:4000', filter: parseQuery(query).filter, hasKey, order: 'NEWEST_FIRST' }) as const;

  test.each([
    ['', 'tidings tail --url http://127.0.0.1:4000'],
    ['event:acme.order.*', 'tidings tail --event acme.order. --url http://127.0.0.1:4000'],
    ["event:(acme.order.*,it's.*)", "tidings tail --event acme.order. --event 'it'\\''s.' --url http://127.0.0.1:4000"],
    ['resource:acme.order.1 event:a.*', 'tidings tail --resource acme.order.1 --event a. --url http://127.0.0.1:4000'],
    ['event:acme.order.paid', null],
    ['event:a.* event:a.b.*', null],
    ['resource:acme.*', null],
    ['-event:tidings.*', null],
    ['label.region=eu', null],
    ['failed', null],
  ])('tail: %s', (query, expected) => {
    const words = (command: string | null): readonly string[] | undefined => command?.split(' --').toSorted();
    expect(words(tailCommand(selection(query)))).toEqual(words(expected));
  });

  test('curl sends the filter, with exact numbers, and reads the key from the environment', () => {
    const command = curlCommand(selection('payload.n=9007199254740993 label.owner="it\'s"', true));
    const printed = execFileSync('sh', ['-c', command.replace('curl', "printf '%s\\n'")], {
      encoding: 'utf8',
      env: { TIDINGS_KEY: 'secret' },
    });
    const lines = printed.trim().split('\n');
    expect(lines.slice(0, -1)).toEqual([
      '-sS',
      'http://127.0.0.1:4000/graphql',
      '-H',
      'authorization: Bearer secret',
      '-H',
      'content-type: application/json',
      '--data-raw',
    ]);
    expect(lines.at(-1)).toContain('9007199254740993');
    expect(lines.at(-1)).toContain("it's");
    expect(command).not.toContain('secret');
    expect(JSON.parse(lines.at(-1) ?? '')).toHaveProperty('variables.order', 'NEWEST_FIRST');
    expect(curlCommand(selection(''))).not.toContain('authorization');
  });

  test('variables and programs keep numbers', () => {
    const exact = selection('payload.n=9007199254740993 payload.m>=0.10000000000000000555');
    expect(graphqlVariables(exact)).toContain('9007199254740993');
    expect(graphqlVariables(exact)).toContain('0.10000000000000000555');
    expect(JSON.parse(graphqlVariables(selection('event:a label.b=c')))).toHaveProperty('filter');
    expect(clientProgram(exact)).toContain('9007199254740993n');
    expect(clientProgram(selection('event:a', true))).toContain(`createTidings("http://127.0.0.1:4000", { key: process.env.TIDINGS_KEY })`);
  });
});

describe('exportEvents', () => {
  /** A log of numbered events; `fail` can throw instead of a page. */
  const logOf = (count: number, fail: (first: number, call: number) => void = () => undefined) => {
    const asked: number[] = [];
    const client = {
      counts: () => Promise.resolve({ total: count }),
      page({ first = 50, after = '0' }: { first?: number; after?: string }) {
        asked.push(first);
        try {
          fail(first, asked.length);
        } catch (error) {
          return Promise.reject(error as Error);
        }
        // Further events are appended meanwhile.
        const nodes = Array.from({ length: first }, (_, index) => ({ number: Number(after) + index }));
        return Promise.resolve({ nodes, hasNextPage: true, endCursor: String(Number(after) + first) });
      },
    } as unknown as Tidings;
    return { asked, client };
  };
  const run = async (client: Tidings, stop = new AbortController()) => {
    const progress: ExportProgress[] = [];
    let text = '';
    const count = await exportEvents(
      {
        client,
        filter: {} as EventFilter,
        select: 'number',
        line: ({ number }: { number: number }) => `${number}\n`,
        write: (part) => {
          text += part;
          return Promise.resolve();
        },
        onProgress: (each) => progress.push(each),
      },
      stop.signal,
    );
    return { count, progress, numbers: text.trim().split('\n').map(Number) };
  };
  const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, number) => number);

  test('writes each event that matched at its start once, in pages of 1,000', async () => {
    const { client, asked } = logOf(2500);
    const { count, numbers: written, progress } = await run(client);
    expect([count, written, asked]).toEqual([2500, numbers(2500), [1000, 1000, 500]]);
    expect(progress.map(({ done }) => done)).toEqual([0, 1000, 2000, 2500]);
  });

  test('asks for fewer events if a page of them is too large, and for more again', async () => {
    const { client, asked } = logOf(1500, (first) => {
      if (first > 300) throw new TidingsError('LIMIT_EXCEEDED', 'The response exceeds 64 MB.');
    });
    expect((await run(client)).numbers).toEqual(numbers(1500));
    expect(asked.slice(0, 4)).toEqual([1000, 250, 500, 125]);
  });

  test('waits while the server is busy, and says why', async () => {
    const { client } = logOf(10, (_first, call) => {
      if (call === 1) throw new TidingsError('UNAVAILABLE', 'The database cannot be reached.', { retryAfterMs: 1 });
    });
    const { numbers: written, progress } = await run(client);
    expect(written).toEqual(numbers(10));
    expect(progress.map(({ waiting }) => waiting)).toEqual([null, 'The database cannot be reached.', null]);
  });

  test('throws what the server does not accept, and ends when it is cancelled', async () => {
    const rejecting = logOf(10, () => {
      throw new TidingsError('BAD_FILTER', 'No.');
    });
    await expect(run(rejecting.client)).rejects.toThrow('No.');
    const stop = new AbortController();
    const cancelled = logOf(5000, (_first, call) => call === 2 && stop.abort(new Error('cancelled')));
    await expect(run(cancelled.client, stop)).rejects.toThrow('cancelled');
    expect(cancelled.asked).toEqual([1000, 1000]);
  });
});
