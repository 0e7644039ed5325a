import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forwardDefaults } from '../../../src/config.ts';
import { Line, type Place } from '../../../src/dns/forward/line.ts';
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

  it('takes what another one joins for the newest', () => {
    const { enter, join, leave, events } = create({ inFlight: 1, waiting: 10, perClient: 5 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) enter('a', name);
    join('a2', 'a');
    for (const _ of [1, 2, 3]) leave('a');
    expect(events).toEqual(['+a1', '+a2', '+a4', '+a3']);
  });

  it('trap 24: does not let one client wait for what another has too many of', () => {
    const { enter, join, events, line } = create({ inFlight: 4, waiting: 10, perClient: 1 });
    enter('a', 'a1');
    enter('a', 'a2');
    expect(events).toEqual(['+a1']);
    join('a2', 'b');
    expect(events).toEqual(['+a1', '+a2']);
    enter('b', 'b1');
    expect([line.out, line.waiting]).toEqual([2, 1]);
  });

  it('trap 25: counts the time of what is joined from then on', () => {
    const { enter, join, leave, events, clock } = create({ inFlight: 1, waiting: 10, perClient: 5 });
    for (const name of ['a1', 'a2', 'a3']) enter('a', name);
    clock.advance(patienceMs - 1);
    join('a2', 'a');
    clock.advance(1);
    leave('a');
    expect(events).toEqual(['+a1', '-a3', '+a2']);
  });

  it('serves thousands that give their places back at once, one after the other', () => {
    const waiting = 30_000;
    const { line } = create({ inFlight: 1, waiting, perClient: waiting });
    let served = 0;
    const start = () => {
      served++;
      line.leave('a');
    };
    line.enter({ client: 'a', start: () => {}, drop: () => {} });
    for (let place = 0; place < waiting; place++) line.enter({ client: 'a', start, drop: () => {} });
    line.leave('a');
    expect([served, line.out, line.waiting]).toEqual([waiting, 0, 0]);
  });

  it('leaves alone what is joined when it is out or gone', () => {
    const { enter, join, leave, events, line } = create({ inFlight: 1, waiting: 1, perClient: 5 });
    for (const name of ['a1', 'a2', 'a3']) enter('a', name);
    for (const name of ['a1', 'a2']) join(name, 'b');
    expect([events, line.out, line.waiting]).toEqual([['+a1', '-a2'], 1, 1]);
    leave('a');
    leave('a');
    expect([line.out, line.waiting]).toEqual([0, 0]);
  });

  it('never gives more places than there are, loses nobody, and is empty in the end', () => {
    const limits = { inFlight: 4, waiting: 6, perClient: 2 };
    const step = fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.constantFrom('enters', 'joins', 'leaves'),
      fc.nat(60),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { line, enter, join, leave, events, out } = create(limits);
        const entered: string[] = [];
        for (const [client, does, which] of steps) {
          const leaving = out.find((place) => place.client === client);
          if (does === 'enters') {
            entered.push(`${entered.length}`);
            enter(client, `${entered.length - 1}`);
          } else if (does === 'joins') join(entered[which % Math.max(1, entered.length)] ?? '', client);
          else if (leaving) leave(client);
          expect(line.out).toBe(out.length);
          expect(line.out).toBeLessThanOrEqual(limits.inFlight);
          expect(line.waiting).toBeLessThanOrEqual(limits.waiting);
          for (const one of 'abcd')
            expect(out.filter((place) => place.client === one).length).toBeLessThanOrEqual(limits.perClient);
        }
        for (let [place] = out; place !== undefined; [place] = out) leave(place.client);
        expect([line.out, line.waiting, events.length]).toEqual([0, 0, entered.length]);
      }),
    );
  });
});

function create(bounds: { inFlight: number; waiting: number; perClient: number }) {
  const clock = new ManualClock();
  const counts = createCounts();
  const line = new Line(clock, { ...forwardDefaults.limits, ...bounds }, patienceMs, counts);
  const events: string[] = [];
  const places = new Map<string, Place>();
  const out: Place[] = [];
  const enter = (client: string, name: string) => {
    const start = () => {
      events.push(`+${name}`);
      out.push(place);
    };
    const place = { client, start, drop: () => events.push(`-${name}`) };
    places.set(name, place);
    line.enter(place);
  };
  const join = (name: string, client: string) => {
    const place = places.get(name);
    if (place) line.join(place, client);
  };
  const leave = (client: string) => {
    out.splice(
      out.findIndex((place) => place.client === client),
      1,
    );
    line.leave(client);
  };
  return { clock, counts, line, events, out, enter, join, leave };
}
