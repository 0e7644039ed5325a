import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forwardDefaults } from '../../../src/config.ts';
import { Line } from '../../../src/dns/forward/line.ts';
import { createCounts } from '../../../src/dns/forward/stats.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const patienceMs = 4_500;

describe('the line for places at the upstreams', () => {
  it('lets clients take turns, each with its newest question first', () => {
    const { enter, leave, events } = create({ inFlight: 1, waiting: 10, perClient: 5 });
    for (const [client, name] of [
      ['a', 'a1'],
      ['a', 'a2'],
      ['a', 'a3'],
      ['b', 'b1'],
      ['a', 'a4'],
      ['b', 'b2'],
    ] as const)
      enter(client, name);
    for (const client of ['a', 'a', 'b', 'a', 'b']) leave(client);
    expect(events).toEqual(['+a1', '+a4', '+b2', '+a3', '+b1', '+a2']);
  });

  it('drops the oldest that waits when too many do', () => {
    const { enter, events, counts } = create({ inFlight: 1, waiting: 2, perClient: 5 });
    for (const name of ['1', '2', '3', '4']) enter(name, name);
    expect(events).toEqual(['+1', '-2']);
    expect(counts.droppedOverload).toBe(1);
  });

  it('drops the oldest of a client that has too many waiting, not that of another', () => {
    const { enter, events, counts } = create({ inFlight: 2, waiting: 10, perClient: 1 });
    for (const [client, name] of [
      ['b', 'b1'],
      ['b', 'b2'],
      ['a', 'a1'],
      ['a', 'a2'],
      ['a', 'a3'],
    ] as const)
      enter(client, name);
    expect(events).toEqual(['+b1', '+a1', '-a2']);
    expect(counts.droppedPerClient).toBe(1);
  });

  it('trap 25: drops what waited longer than its asker does', () => {
    const { enter, leave, events, counts, clock } = create({ inFlight: 1, waiting: 10, perClient: 5 });
    enter('a', '1');
    enter('a', '2');
    clock.advance(patienceMs - 1);
    enter('a', '3');
    clock.advance(1);
    leave('a');
    expect(events).toEqual(['+1', '-2', '+3']);
    expect(counts.droppedLate).toBe(1);
  });

  it('never gives more places than there are, loses nobody, and is empty in the end', () => {
    const limits = { inFlight: 4, waiting: 6, perClient: 2 };
    const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { line, enter, leave, events } = create(limits);
        const out: string[] = [];
        let entered = 0;
        for (const [client, enters] of steps) {
          const before = events.length;
          if (enters) enter(client, `${client}${entered++}`);
          else if (out.includes(client)) leave(out.splice(out.indexOf(client), 1)[0] ?? '');
          for (const event of events.slice(before)) if (event.startsWith('+')) out.push(event.charAt(1));
          expect(line.out).toBe(out.length);
          expect(line.out).toBeLessThanOrEqual(limits.inFlight);
          expect(line.waiting).toBeLessThanOrEqual(limits.waiting);
          for (const one of 'abcd')
            expect(out.filter((name) => name === one).length).toBeLessThanOrEqual(limits.perClient);
        }
        for (let client = out.pop(); client !== undefined; client = out.pop()) {
          const before = events.length;
          leave(client);
          for (const event of events.slice(before)) if (event.startsWith('+')) out.push(event.charAt(1));
        }
        expect([line.out, line.waiting, events.length]).toEqual([0, 0, entered]);
      }),
    );
  });
});

function create(bounds: { inFlight: number; waiting: number; perClient: number }) {
  const clock = new ManualClock();
  const counts = createCounts();
  const line = new Line(clock, { ...forwardDefaults.limits, ...bounds }, patienceMs, counts);
  const events: string[] = [];
  const enter = (client: string, name: string) =>
    line.enter({ client, start: () => events.push(`+${name}`), drop: () => events.push(`-${name}`) });
  return { clock, counts, line, events, enter, leave: (client: string) => line.leave(client) };
}
