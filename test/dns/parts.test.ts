import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { inParts, inTurn } from '../../src/dns/parts.ts';

describe('a list that is acted on in parts', () => {
  it.each([0, 1, 3, 4, 10])('is acted on whole and in order, with %d elements', async (length) => {
    const list = Array.from({ length }, (_, index) => index);
    const parts: (readonly number[])[] = [];
    await inParts(list, 3, (part) => parts.push(part));
    expect(parts.flat()).toEqual(list);
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(3);
  });

  it('lets sockets be read between two parts', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    let received = 0;
    const seen: number[] = [];
    socket.on('message', () => received++);
    const parts = Array.from({ length: 20 }, (_, index) => index);
    await inParts(parts, 1, ([first]) => {
      if (first === 0) socket.send('question', port, '127.0.0.1');
      seen.push(received);
    });
    socket.close();
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(1);
  });
});

it('what runs in turn begins when all before it has ended, also where that failed, and the loop has turned', async () => {
  const afterOthers = inTurn();
  const order: string[] = [];
  const act = (what: string, fails = false) =>
    afterOthers(async () => {
      order.push(`${what} begins`);
      await new Promise<void>((resolve) => setImmediate(resolve));
      order.push(`${what} ends`);
      setImmediate(() => order.push('the loop turns'));
      if (fails) throw new Error('a bad one');
      return what;
    });
  const turns = [act('one'), act('two', true), act('three')];
  expect(await Promise.allSettled(turns)).toMatchObject([{ value: 'one' }, { status: 'rejected' }, { value: 'three' }]);
  expect(order).toEqual(
    ['one', 'two', 'three'].flatMap((what) => [`${what} begins`, `${what} ends`, 'the loop turns']).slice(0, -1),
  );
});
