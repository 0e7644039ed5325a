import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerTable, questionHash } from '../../src/dns/answer-table.ts';
import { type Answer, Answers } from '../../src/dns/answers.ts';
import { check, Query } from '../../src/dns/query.ts';
import { Shuffle } from '../../src/dns/shuffle.ts';
import { Zone } from '../../src/dns/zone.ts';
import { data, question, read } from './message.ts';
import { Twin } from './twin.ts';
import { fixed } from './zone-words.ts';

const octets = fc.uint8Array({ maxLength: 600 });
/** A question with a few octets changed, cut or added: most of what reaches deep into a parser. */
const mangled = fc
  .tuple(
    fc.constantFrom('db.weave.local', 'nobody.weave.local', 'weave.local', 'db', '7.2.0.192.in-addr.arpa'),
    fc.integer({ min: 0, max: 300 }),
    fc.option(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.uint8Array({ maxLength: 45 })), { maxLength: 5 })),
    fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
    fc.integer({ min: -20, max: 3 }),
  )
  .map(([name, type, options, changes, length]) => {
    const packet = question(name, { type, ...(options ? { payload: 1232, options } : {}) });
    for (const [at, octet] of changes) if (at < packet.length) packet[at] = octet;
    return length <= 0 ? packet.subarray(0, packet.length + length) : Buffer.concat([packet, Buffer.alloc(length)]);
  });

describe('whatever arrives', () => {
  it('is read without a throw, and every offset found lies inside it', () => {
    const query = new Query();
    fc.assert(
      fc.property(fc.oneof(octets, mangled), (packet) => {
        if (query.read(packet) !== check.fine) return;
        expect(query.questionEnd).toBeLessThanOrEqual(packet.length);
        expect(query.cookieAt + query.cookieLength).toBeLessThanOrEqual(packet.length);
        expect(query.hash).not.toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  it('gets a well-formed reply with its id, or none where it is none', () => {
    const twin = new Twin([fixed('db', '192.0.2.7', '2001:db8::7')]);
    fc.assert(
      fc.property(fc.oneof(octets, mangled), fc.constantFrom('udp', 'tcp'), (packet, transport) => {
        const asker = { address: '127.0.0.1', port: 5353, transport } as const;
        const reply = twin.responder.respond(Buffer.from(packet), asker);
        if (reply instanceof Promise) return;
        const isQuestion = packet.length >= 12 && (packet[2] ?? 0) < 0x80;
        expect(reply !== undefined).toBe(isQuestion);
        if (reply === undefined) return;
        expect(read(reply)).toMatchObject({ id: Buffer.from(packet).readUInt16BE(0) });
        expect(reply[2]).toBeGreaterThanOrEqual(0x80);
      }),
      { numRuns: 3000 },
    );
  });
});

const labels = fc.constantFrom('a', 'b', 'c', '_tcp', '*');
const names = fc.array(labels, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
const changes = fc.array(
  fc.tuple(names, fc.array(fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1'), { maxLength: 2 })),
  {
    maxLength: 60,
  },
);

describe('after any changes', () => {
  it('a name exists exactly when something is known of it or below it, and so do its addresses', () => {
    fc.assert(
      fc.property(changes, (history) => {
        const zone = new Zone<Answer>();
        const truth = new Map<string, string[]>();
        for (const [name, addresses] of history) {
          zone.put(fixed(name, ...addresses));
          if (addresses.length === 0) truth.delete(name);
          else truth.set(name, addresses);
        }
        for (const [name] of history) {
          const below = [...truth.keys()].some((known) => known === name || known.endsWith(`.${name}`));
          expect(zone.find(name) !== undefined).toBe(below);
        }
        for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8::1']) {
          const expected = [...truth].filter(([, addresses]) => addresses.includes(address)).map(([name]) => name);
          expect(
            zone
              .named(address)
              .map((node) => node.name)
              .sort(),
          ).toEqual(expected.sort());
        }
      }),
    );
  });

  it('a server that lived through them answers as one that was told the end', () => {
    fc.assert(
      fc.property(changes, fc.array(names, { maxLength: 10 }), (history, asked) => {
        const lived = new Twin();
        for (const [name, addresses] of history) {
          lived.responder.update([fixed(name, ...addresses)]);
          for (const each of asked.slice(0, 3)) lived.ask(`${each}.weave.local`);
        }
        const told = new Twin([
          ...new Map(history.map(([name, addresses]) => [name, fixed(name, ...addresses)])).values(),
        ]);
        for (const name of [...asked, ...history.map(([each]) => each)]) {
          const [one, other] = [lived, told].map((twin) => twin.ask(`${name}.weave.local`));
          expect(one?.rcode).toBe(other?.rcode);
          expect(one && data(one).sort()).toEqual(other && data(other).sort());
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a table finds what is in it and nothing else', () => {
    const answers = new Answers({ shuffle: new Shuffle(1), payloadOctets: 1232 });
    const query = new Query();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(30)), { maxLength: 200 }), (steps) => {
        const table = new AnswerTable(answers);
        const kept = new Map<number, Answer>();
        for (const [add, number] of steps) {
          const packet = question(`n${number}.weave.local`);
          query.read(packet);
          // Few distinct hashes, so that most of them collide.
          const hash = 1 + (questionHash(query.hash, 1, 1) & 3);
          const known = kept.get(number);
          if (add && known === undefined) {
            const asked = { hash, type: 1, group: 1, question: packet.subarray(12), name: `n${number}.weave.local` };
            const answer = answers.make(asked, { rcode: 0, answers: [] });
            table.add(hash, answer);
            kept.set(number, answer);
          } else if (!add && known !== undefined) {
            table.remove(hash, known);
            answers.forget(known);
            kept.delete(number);
          }
          expect(table.size).toBe(kept.size);
          expect(table.find(hash, query.name, 1, 1)).toBe(kept.get(number));
        }
      }),
    );
  });
});
