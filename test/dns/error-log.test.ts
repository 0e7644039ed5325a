import { createSocket } from 'node:dgram';
import { describe, expect, it, vi } from 'vitest';
import { ErrorLog } from '../../src/dns/error-log.ts';
import { Counters } from '../../src/dns/stats.ts';
import { UdpListener } from '../../src/dns/udp.ts';
import { type Log, silentLog } from '../../src/log.ts';
import type { Address } from '../../src/record.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('the log of survived errors', () => {
  it('has one line a second, which says how many were left out', () => {
    const clock = new ManualClock();
    const { log, lines } = noting();
    const errors = new ErrorLog({ clock, log });
    const error = new Error('no');
    const meet = () => errors.write(error, { address: '10.1.0.1' }, 'met');
    for (let time = 0; time < 100; time++) meet();
    expect(lines).toEqual([[{ err: error, address: '10.1.0.1' }, 'met']]);
    clock.advance(999);
    meet();
    expect(lines).toHaveLength(1);
    clock.advance(1);
    meet();
    clock.advance(5000);
    meet();
    expect(lines.slice(1)).toEqual([
      [{ err: error, address: '10.1.0.1', leftOut: 100 }, 'met'],
      [{ err: error, address: '10.1.0.1' }, 'met'],
    ]);
  });

  it('is what a listener writes to, which counts every one', async () => {
    const { log, lines } = noting();
    const counters = new Counters();
    const respond = () => {
      throw new Error('broken');
    };
    const responder = { counters, respond, watchQueue: () => () => {} };
    const listen = { address: '127.0.0.1' as Address, port: 0 };
    const listener = new UdpListener({ listen, responder, clock: new ManualClock(), log });
    await listener.start();
    const asker = createSocket('udp4');
    for (let time = 0; time < 20; time++) asker.send('?', listener.port, listen.address);
    await vi.waitFor(() => expect(counters.counts.errors).toBe(20), { timeout: 20_000 });
    expect(lines).toHaveLength(1);
    asker.close();
    await listener.stop(0);
  });
});

function noting(): { log: Log; lines: unknown[] } {
  const lines: unknown[] = [];
  const log: Log = Object.assign(Object.create(silentLog), { warn: (...words: unknown[]) => void lines.push(words) });
  return { log, lines };
}
