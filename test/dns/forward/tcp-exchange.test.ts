import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpExchange } from '../../../src/dns/forward/tcp-exchange.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { queryFor, replyTo } from './packets.ts';
import { until } from './until.ts';
import { UpstreamTwin } from './upstream-twin.ts';

const limits = { perConnection: 4, idleConnections: 1, idleMs: 8_000 };

let clock: ManualClock;
let upstream: UpstreamTwin;
let exchange: TcpExchange;
let heard: string[];

beforeEach(async () => {
  clock = new ManualClock();
  upstream = await new UpstreamTwin(() => {}).start();
  exchange = new TcpExchange(clock, limits);
  heard = [];
});

afterEach(async () => {
  exchange.close();
  expect([exchange.openConnections, clock.pending]).toEqual([0, 0]);
  await upstream.stop();
});

describe('asking by TCP', () => {
  it('has several questions out on one connection, and hands each answer to its asker in whatever order they come', async () => {
    for (const id of [1, 2, 3, 4]) ask(id);
    await arrived(4);
    for (const index of [2, 0, 3, 1]) answer(index);
    await until(() => expect(heard).toEqual(['3: answer 3', '1: answer 1', '4: answer 4', '2: answer 2']));
    expect([upstream.accepted, exchange.idleConnections]).toEqual([1, 1]);
  });

  it('opens another connection when one is full or has that id out, and closes what is idle and too much', async () => {
    for (const id of [1, 2, 3, 4, 5]) ask(id);
    ask(5);
    await arrived(6);
    expect(exchange.openConnections).toBe(3);
    for (const index of [0, 1, 2, 3, 4, 5]) answer(index);
    await until(() => expect(heard).toHaveLength(6));
    await until(() => expect(upstream.openConnections).toBe(1));
    expect([exchange.openConnections, exchange.idleConnections]).toEqual([1, 1]);
  });

  it('uses the connection again, and closes it when it was idle for long', async () => {
    for (const id of [1, 2]) {
      ask(id);
      await arrived(id);
      clock.advance(limits.idleMs - 1);
      answer(id - 1);
      await until(() => expect(heard).toHaveLength(id));
      clock.advance(limits.idleMs - 1);
    }
    expect([upstream.accepted, exchange.openConnections]).toEqual([1, 1]);
    clock.advance(1);
    await until(() => expect(upstream.openConnections).toBe(0));
    expect(exchange.openConnections).toBe(0);
  });

  it('asks what was out when the connection ended once more, each on a connection of its own', async () => {
    for (const id of [1, 2, 3]) ask(id);
    await arrived(3);
    upstream.script = ({ query, reply }) => reply(replyTo(query));
    upstream.endConnections();
    await until(() => expect(heard.toSorted()).toEqual(['1: answer 1', '2: answer 2', '3: answer 3']));
    expect(upstream.accepted).toBe(4);
  });

  it('gives up what was out when that one ended, too', async () => {
    upstream.script = () => upstream.endConnections();
    ask(1);
    await until(() => expect(heard).toEqual(['1: the connection was closed']));
    expect(upstream.accepted).toBe(2);
  });

  it('does not ask again where nobody listens', async () => {
    await upstream.stop();
    ask(1);
    await until(() => expect(heard).toEqual([expect.stringContaining('ECONNREFUSED')]));
    upstream = await new UpstreamTwin(() => {}).start();
  });

  it.each([
    ['comes late', [0, 1, 2]],
    ['never comes', [1, 2]],
  ])('sends nobody else where somebody waited in vain, whose answer %s', async (_, answers) => {
    const cancel = ask(1);
    ask(2);
    await arrived(2);
    cancel();
    ask(3);
    await arrived(3);
    expect(exchange.openConnections).toBe(2);
    for (const index of answers) answer(index);
    await until(() => expect(heard.toSorted()).toEqual(['2: answer 2', '3: answer 3']));
    await until(() => expect(upstream.openConnections).toBe(1));
  });

  it('ends with its only asker', async () => {
    const cancel = ask(1);
    await arrived(1);
    cancel();
    await until(() => expect(upstream.openConnections).toBe(0));
    expect(exchange.openConnections).toBe(0);
  });

  it.each([
    ['an id that was not asked', (query: Uint8Array) => [replyTo(query.with(0, 0xff))]],
    ['one answer twice', (query: Uint8Array) => [replyTo(query), replyTo(query)]],
    ['empty messages', () => [new Uint8Array(), new Uint8Array()]],
  ])('leaves a connection on which comes %s', async (_, replies) => {
    ask(1);
    ask(2);
    await arrived(2);
    const [asked] = upstream.questions;
    for (const message of replies(Uint8Array.from(asked?.query ?? []))) asked?.reply(message);
    await until(() => expect(upstream.questions.length).toBeGreaterThan(2));
    await until(() => expect(upstream.openConnections).toBe(exchange.openConnections));
    expect(heard.filter((line) => line !== '1: answer 1')).toEqual([]);
  });
});

function ask(id: number): () => void {
  return exchange.ask(queryFor('www.example.com', { id }), upstream.endpoint, {
    heard: (reply) => heard.push(`${id}: answer ${((reply[0] ?? 0) << 8) | (reply[1] ?? 0)}`),
    failed: (problem) => heard.push(`${id}: ${problem}`),
  });
}

function answer(index: number): void {
  const asked = upstream.questions[index];
  asked?.reply(replyTo(asked.query));
}

function arrived(count: number): Promise<void> {
  return until(() => expect(upstream.questions).toHaveLength(count));
}
