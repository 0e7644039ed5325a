import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { data } from './message.ts';
import { Twin } from './twin.ts';
import { entry, fixed, made } from './zone-words.ts';

const names = ['one', 'two', 'three', 'four'];
/** A name, and how many addresses it then has. */
const changes = fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(70)), { maxLength: 40 });

describe('kept answers', () => {
  it('are right whenever names grow, shrink, go and come back', () => {
    fc.assert(
      fc.property(changes, (history) => {
        const twin = new Twin();
        const truth = new Map<string, string[]>();
        for (const [name, count] of history) {
          const addresses = Array.from({ length: count }, (_, index) => `10.${names.indexOf(name)}.${count}.${index}`);
          truth.set(name, addresses);
          twin.responder.update([fixed(name, ...addresses)]);
          for (const each of names) {
            const expected = truth.get(each) ?? [];
            const reply = twin.ask(`${each}.weave.local`, { transport: 'tcp' });
            expect(reply.rcode).toBe(expected.length > 0 ? 'NOERROR' : 'NXDOMAIN');
            expect(expected.length > 0 ? data(reply).sort() : []).toEqual(expected.toSorted());
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('go on with turns where they were when an address joins', () => {
    const twin = new Twin([fixed('db', ...many(4))]);
    const first = () => data(twin.ask('db.weave.local'))[0];
    const before = [first(), first()];
    twin.responder.update([fixed('db', ...many(60))]);
    const [last = ''] = before.slice(-1);
    expect(first()).toBe(many(60)[(many(60).indexOf(last) + 1) % 60]);
  });

  it('of names that nobody has make room for each other', () => {
    const twin = new Twin([fixed('db', '192.0.2.7')]);
    const missing = (from: number, to: number) => {
      const codes = new Set<string>();
      for (let index = from; index < to; index++) codes.add(twin.ask(`missing${index}.weave.local`).rcode);
      return [...codes];
    };
    const compiled = () => twin.responder.counters.counts.compiled;
    expect(missing(0, 10_000)).toEqual(['NXDOMAIN']);
    const before = compiled();
    expect(missing(9000, 10_000)).toEqual(['NXDOMAIN']);
    expect(compiled()).toBe(before);
    expect(missing(0, 100)).toEqual(['NXDOMAIN']);
    expect(compiled()).toBe(before + 100);
    expect(data(twin.ask('db.weave.local'))).toEqual(['192.0.2.7']);
  });

  it('of a name that becomes an alias and is one no longer are not mixed up', () => {
    const twin = new Twin([fixed('db', '192.0.2.7')]);
    const answers = () => twin.ask('www.weave.local').answers.map((record) => record.split(' ').slice(2).join(' '));
    for (let round = 0; round < 3; round++) {
      twin.responder.update([fixed('www', '192.0.2.8')]);
      expect(answers()).toEqual(['A 192.0.2.8']);
      twin.responder.update([entry('www', [], [made('www', { type: 'cname', target: 'db' })])]);
      expect(answers()).toEqual(['CNAME db.weave.local', 'A 192.0.2.7']);
      twin.responder.update([entry('www')]);
      expect(twin.ask('www.weave.local').rcode).toBe('NXDOMAIN');
    }
  });
});

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `192.0.2.${index}`);
}
