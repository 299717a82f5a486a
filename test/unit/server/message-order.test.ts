import { expect, test } from 'vitest';
import { MessageOrder } from '../../../src/server/message-order.ts';

const padding = 'x'.repeat(300_000);
const large = (id: string): object => ({ id, type: 'subscribe', payload: { query: '{ head }', variables: { padding } } });

/** Sends all messages in one turn of the event loop, and resolves with what is handled when reading goes on. */
async function handled(messages: readonly (object | string)[]): Promise<readonly string[]> {
  const log: string[] = [];
  await new Promise<void>((resolve) => {
    const order = new MessageOrder({
      canStart: () => true,
      turn: async () => undefined,
      handle(message, bytes) {
        const { id } = JSON.parse(message.kind === 'text' ? message.text : message.kind === 'operation' ? bytes.toString() : '{}') as {
          readonly id?: string;
        };
        log.push(id === undefined ? message.kind : `${message.kind} ${id}`);
      },
      pauseReading: () => log.push('pause'),
      resumeReading: () => {
        log.push('resume');
        resolve();
      },
    });
    for (const each of messages) order.take(Buffer.from(typeof each === 'string' ? each : JSON.stringify(each)));
    log.push('all sent');
  });
  return log;
}

test('messages behind a large one wait for it, and keep their order', async () => {
  const log = await handled([{ id: 'a' }, large('b'), { id: 'c' }, large('d'), { id: 'e' }]);
  expect(log.filter((each) => each !== 'pause')).toEqual([
    'text a',
    'all sent',
    'operation b',
    'text c',
    'operation d',
    'text e',
    'resume',
  ]);
  expect(log.indexOf('pause')).toBe(1); // before anything else is read
});

test('a large message that is no operation, no JSON, or too much of it is not passed on', async () => {
  const members = JSON.stringify(Object.fromEntries(Array.from({ length: 100_001 }, (_, n) => [`k${n}`, n])));
  const log = await handled([{ id: 'ping', type: 'ping', payload: { padding } }, `{"id":"${padding}`, members, large('last')]);
  expect(log.filter((each) => each !== 'pause')).toEqual(['all sent', 'invalid', 'invalid', 'excess', 'operation last', 'resume']);
});

test('a message of medium size is passed on, whatever it is', async () => {
  const log = await handled([{ id: 'ping', type: 'ping', payload: { text: 'x'.repeat(200_000) } }]);
  expect(log.filter((each) => each !== 'pause')).toEqual(['all sent', 'text ping', 'resume']);
});
