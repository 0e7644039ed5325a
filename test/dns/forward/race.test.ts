import { describe, expect, it } from 'vitest';
import { forwardDefaults } from '../../../src/config.ts';
import { readQuestion } from '../../../src/dns/forward/question.ts';
import { type RaceEnd, race } from '../../../src/dns/forward/race.ts';
import { createCounts } from '../../../src/dns/forward/stats.ts';
import { inOrder, Upstream } from '../../../src/dns/forward/upstream.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryExchange } from './memory-exchange.ts';
import { queryFor } from './packets.ts';

const { times, limits } = forwardDefaults;

describe('the race between upstreams', () => {
  it('gives each a head start before the next', () => {
    const { exchange, clock } = begin(3);
    expect(exchange.ports).toEqual([0]);
    clock.advance(times.headStartMs);
    expect(exchange.ports).toEqual([0, 1]);
    clock.advance(times.headStartMs);
    expect(exchange.ports).toEqual([0, 1, 2]);
  });

  it('takes the first answer, and lets go of the others', () => {
    const { exchange, clock, ends, upstreams } = begin(2);
    clock.advance(times.headStartMs);
    exchange.answer(1);
    exchange.answer(0);
    expect(ends.map(({ type }) => type)).toEqual(['answer']);
    expect([exchange.open, clock.pending]).toEqual([0, 0]);
    expect(inOrder(upstreams, times.headStartMs)).toEqual(upstreams.toReversed());
  });

  it('gives the next one no head start when one fails or declines', () => {
    const { exchange, ends } = begin(3);
    exchange.fail(0);
    exchange.answer(1, 2);
    exchange.answer(2);
    expect(exchange.ports).toEqual([0, 1, 2]);
    expect(ends.map(({ type }) => type)).toEqual(['answer']);
  });

  it('gives the next one its head start once, also where one fails as it is asked', () => {
    const { exchange, ends, clock } = begin(3, () => {}, [0]);
    exchange.answer(1);
    clock.advance(times.questionMs);
    expect([exchange.ports, ends.length, clock.pending]).toEqual([[0, 1], 1, 0]);
  });

  it('ends when all failed, with every reason', () => {
    const { exchange, ends, clock } = begin(2);
    exchange.fail(0);
    exchange.answer(1, 5);
    expect(ends).toMatchObject([{ type: 'failed', declined: { rcode: 5 } }]);
    expect(ends[0]).toMatchObject({ problem: '192.0.2.53:0: connect ECONNREFUSED; 192.0.2.53:1: it declined' });
    expect([exchange.open, clock.pending]).toEqual([0, 0]);
  });

  it('still ends when the upstreams stay silent, and holds nothing afterwards', () => {
    const { exchange, clock, ends } = begin(2);
    clock.advance(times.questionMs);
    expect(ends.map(({ type }) => type)).toEqual(['failed']);
    expect([exchange.open, clock.pending]).toEqual([0, 0]);
  });

  it('asks a looping upstream nothing, and fails at once when there is no other', () => {
    const { exchange, ends } = begin(1, ([only]) => {
      if (only) only.looping = true;
    });
    expect(exchange.ports).toEqual([]);
    expect(ends.map(({ type }) => type)).toEqual(['failed']);
  });

  it('asks upstreams that are down when nobody else is left', () => {
    const down = (upstreams: readonly Upstream[]) => {
      for (const upstream of upstreams) for (let turn = 0; turn < limits.failures; turn++) upstream.failed();
    };
    expect(begin(2, ([first]) => first && down([first])).exchange.ports).toEqual([1]);
    expect(begin(2, down).exchange.ports).toEqual([0]);
  });

  it('holds nothing after it was cancelled, and says nothing', () => {
    const { exchange, clock, ends, cancel } = begin(2);
    clock.advance(times.headStartMs);
    cancel();
    exchange.answer(0);
    expect([ends.length, exchange.open, clock.pending]).toEqual([0, 0, 0]);
  });
});

describe('the order of upstreams', () => {
  it('is as configured, unless one is slower by a head start', () => {
    const [near, far] = [upstream(0), upstream(1)];
    near.answered(20);
    far.answered(5);
    expect(inOrder([near, far], times.headStartMs)).toEqual([near, far]);
    near.outrun(400);
    expect(inOrder([near, far], times.headStartMs)).toEqual([far, near]);
    for (let probe = 0; probe < 3; probe++) near.answered(20);
    expect(inOrder([near, far], times.headStartMs)).toEqual([near, far]);
  });
});

function begin(
  count: number,
  prepare: (upstreams: readonly Upstream[]) => void = () => {},
  broken: readonly number[] = [],
) {
  const clock = new ManualClock();
  const exchange = new MemoryExchange(broken);
  const ends: RaceEnd[] = [];
  const upstreams = Array.from({ length: count }, (_, port) => upstream(port));
  prepare(upstreams);
  const question = readQuestion(queryFor('www.example.com'), 'udp', limits.udpPayloadOctets);
  if (!question) throw new Error('the question is none');
  const parts = {
    clock,
    exchanges: { udp: exchange, tcp: exchange },
    limits,
    times,
    counts: createCounts(),
    recovered: () => {},
  };
  const cancel = race(parts, question, upstreams, (end) => ends.push(end));
  return { clock, exchange, ends, upstreams, cancel };
}

function upstream(port: number): Upstream {
  return new Upstream({ address: '192.0.2.53', port }, limits.failures);
}
