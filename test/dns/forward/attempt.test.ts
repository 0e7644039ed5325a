import { describe, expect, it } from 'vitest';
import { forwardDefaults } from '../../../src/config.ts';
import { type AttemptEnd, attempt } from '../../../src/dns/forward/attempt.ts';
import { readQuestion } from '../../../src/dns/forward/question.ts';
import { createCounts } from '../../../src/dns/forward/stats.ts';
import { Upstream } from '../../../src/dns/forward/upstream.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryExchange } from './memory-exchange.ts';
import { queryFor } from './packets.ts';

const { times, limits } = forwardDefaults;
const cutFlags = 0x8380;

describe('asking one upstream', () => {
  it('asks twice by UDP at most (RFC 9520 section 3.1)', () => {
    const { udp, tcp, clock, ends } = begin('udp');
    clock.advance(times.attemptMs);
    expect([udp.asked.length, tcp.asked.length, udp.open]).toEqual([2, 0, 0]);
    expect(ends).toMatchObject([{ type: 'failed', silent: true }]);
  });

  it('asks by TCP alone for whoever came by TCP, as long as that works', () => {
    const { udp, tcp, ends } = begin('tcp');
    tcp.answer(0);
    expect([udp.asked.length, tcp.asked.length]).toEqual([0, 1]);
    expect(ends.map(({ type }) => type)).toEqual(['answer']);
  });

  it('asks by UDP where there is no TCP', () => {
    const { udp, tcp, ends } = begin('tcp');
    tcp.fail(0);
    udp.answer(0);
    expect(ends.map(({ type }) => type)).toEqual(['answer']);
  });

  it('asks by UDP as well where TCP is silent, once, and takes the first answer', () => {
    const { udp, tcp, clock, ends } = begin('tcp');
    clock.advance(2 * times.resendMs);
    expect([udp.asked.length, tcp.asked.length]).toEqual([1, 1]);
    udp.answer(0);
    expect(ends.map(({ type }) => type)).toEqual(['answer']);
    expect([udp.open, tcp.open, clock.pending]).toEqual([0, 0, 0]);
  });

  it('takes no cut answer by UDP for whoever came by TCP, but waits for the whole one', () => {
    const { udp, tcp, clock, ends } = begin('tcp');
    clock.advance(times.resendMs);
    udp.answer(0, 0, cutFlags);
    expect(ends).toEqual([]);
    tcp.answer(0);
    expect(ends.map(({ type }) => type)).toEqual(['answer']);
  });

  it.each(['tcp first', 'udp first'])('fails at once when neither leads anywhere, %s', (order) => {
    const { udp, tcp, clock, ends } = begin('tcp');
    clock.advance(times.resendMs);
    if (order === 'tcp first') tcp.fail(0);
    udp.answer(0, 0, cutFlags);
    if (order === 'udp first') tcp.fail(0);
    expect(ends).toMatchObject([{ type: 'failed', silent: false }]);
    expect([udp.open, tcp.open, clock.pending]).toEqual([0, 0, 0]);
  });
});

function begin(transport: 'udp' | 'tcp') {
  const clock = new ManualClock();
  const [udp, tcp] = [new MemoryExchange(), new MemoryExchange()];
  const question = readQuestion(queryFor('www.example.com'), transport, limits.udpPayloadOctets);
  if (!question) throw new Error('the question is none');
  const parts = { clock, exchanges: { udp, tcp }, limits, times, counts: createCounts(), recovered: () => {} };
  const ends: AttemptEnd[] = [];
  attempt(parts, question, new Upstream({ address: '192.0.2.53', port: 53 }, limits.failures), (end) => ends.push(end));
  return { clock, udp, tcp, ends };
}
